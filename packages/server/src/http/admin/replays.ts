import {
  idSchema,
  pageOf,
  pageQuery,
  replayEntryQuery,
  replayEntrySchema,
  replayPreviewSchema,
  replayRequestSchema,
  replaySchema,
  startReplayBody,
} from '@mevrik/protocol';
import { z } from 'zod';
import type { Replays } from '../../dispatch/replay/replays.ts';
import { actorOf } from '../access.ts';
import type { RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';

const config = { access: ['admin'] as const };
const tags = ['events'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

/** Events run again by filter: what would run, running it, and how far it has come. */
export function replayRoutes(replays: Replays): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/replays',
      {
        config,
        schema: {
          tags,
          summary: 'Replays and how far they have come, newest first',
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
          summary: 'What a replay would run; it changes nothing',
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
          summary: 'Run events again, for the listeners named and no others',
          description:
            'In order per key, each once. With an `Idempotency-Key`, asking again answers with the same replay. ' +
            'With `expected`, as many runs as the preview told, it is refused where that has changed.',
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
    api.get(
      '/v1/admin/replays/:id',
      {
        config,
        schema: { tags, summary: 'How far a replay has come', params, response: { 200: replaySchema } },
      },
      (request) => replays.get(request.params.id),
    );
    api.get(
      '/v1/admin/replays/:id/entries',
      {
        config,
        schema: {
          tags,
          summary: 'What became of each event of a replay, in the order of the log',
          params,
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
          summary: 'Run nothing more of a replay; what has run stays',
          params,
          response: { 200: replaySchema },
        },
      },
      (request) => replays.cancel(request.params.id, actorOf(request)),
    );
  };
}
