import {
  pageOf,
  pageQuery,
  replayEntryQuery,
  replayEntrySchema,
  replayPreviewSchema,
  replayRequestSchema,
  replaySchema,
  startReplayBody,
} from '@mevrik/protocol';
import type { Replays } from '../../dispatch/replay/replays.ts';
import { actorOf } from '../access.ts';
import type { Api, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { idParams } from '../params.ts';

const config = { access: ['admin'] as const };
const tags = ['events'];

/** Replays: previewing, starting, following and cancelling them. */
export function replayRoutes(replays: Replays): RoutePlugin {
  return (api) => {
    addReplayListRoutes(api, replays);
    addReplayRoutes(api, replays);
  };
}

function addReplayListRoutes(api: Api, replays: Replays): void {
  api.get(
    '/v1/admin/replays',
    {
      config,
      schema: {
        tags,
        summary: 'List replays with their progress, newest first',
        querystring: pageQuery,
        response: { 200: pageOf(replaySchema) },
      },
    },
    (request) => replays.list(request.query),
  );
  api.post(
    '/v1/admin/replays/preview',
    {
      config,
      schema: {
        tags,
        summary: 'Preview a replay; changes nothing',
        body: replayRequestSchema,
        response: { 200: replayPreviewSchema },
      },
    },
    (request) => replays.preview(request.body),
  );
  api.post(
    '/v1/admin/replays',
    {
      config,
      schema: {
        tags,
        summary: 'Start a replay: run events again for the named listeners only',
        description:
          'Events run in order per key, each once. Repeating the request with the same `Idempotency-Key` returns ' +
          'the same replay. With `expected`, the number of runs in the preview, the replay is rejected if that changed.',
        body: startReplayBody,
        response: { 202: replaySchema },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request);
      const replay = await replays.start(request.body, {
        actor,
        idempotency: idempotencyOf(request, actor),
      });
      return reply.code(202).send(replay);
    },
  );
}

function addReplayRoutes(api: Api, replays: Replays): void {
  api.get(
    '/v1/admin/replays/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Get a replay with its progress',
        params: idParams,
        response: { 200: replaySchema },
      },
    },
    (request) => replays.get(request.params.id),
  );
  api.get(
    '/v1/admin/replays/:id/entries',
    {
      config,
      schema: {
        tags,
        summary: 'List the events of a replay with their outcome, in log order',
        params: idParams,
        querystring: replayEntryQuery,
        response: { 200: pageOf(replayEntrySchema) },
      },
    },
    (request) => replays.entries(request.params.id, request.query),
  );
  api.post(
    '/v1/admin/replays/:id/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'Cancel a replay; events that already ran are not undone',
        params: idParams,
        response: { 200: replaySchema },
      },
    },
    (request) => replays.cancel(request.params.id, actorOf(request)),
  );
}
