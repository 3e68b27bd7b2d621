import {
  cannedReplyQuery,
  cannedReplySchema,
  changeCannedReplyBody,
  itemsOf,
  newCannedReplyBody,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { addCannedReply, changeCannedReply, removeCannedReply } from '../../commands/canned-replies.ts';
import { listCannedReplies } from '../../queries/canned-replies.ts';
import { actorOf, staffRoles } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { smallIdParams } from '../params.ts';

const config = { access: ['supervisor', 'admin'] as const };
const tags = ['desk'];

/** Canned replies: agents read them, supervisors edit them. */
export function cannedReplyRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addListRoute(api, deps);
    addEditRoutes(api, deps);
  };
}

function addListRoute(api: Api, { database }: HttpDeps): void {
  api.get(
    '/v1/canned-replies',
    {
      config: { access: staffRoles },
      schema: {
        tags,
        summary: 'List the canned replies of an app',
        querystring: cannedReplyQuery,
        response: { 200: itemsOf(cannedReplySchema) },
      },
    },
    async (request) => {
      assertAppAccess(request, request.query.appId);
      return { items: await listCannedReplies(database, request.query.appId) };
    },
  );
}

function addEditRoutes(api: Api, { unitOfWork }: HttpDeps): void {
  api.post(
    '/v1/canned-replies',
    {
      config,
      schema: {
        tags,
        summary: 'Add a canned reply',
        description:
          'The text may contain placeholders: `{{customer.name}}`, or `{{customer.name|there}}` with a fallback.',
        body: newCannedReplyBody,
        response: { 201: cannedReplySchema },
      },
    },
    async (request, reply) => {
      const added = await unitOfWork.run((tx) => addCannedReply(tx, editorOf(request), request.body));
      return reply.code(201).send(added);
    },
  );
  api.patch(
    '/v1/canned-replies/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change a canned reply',
        params: smallIdParams,
        body: changeCannedReplyBody,
        response: { 200: cannedReplySchema },
      },
    },
    (request) =>
      unitOfWork.run((tx) => changeCannedReply(tx, editorOf(request), request.params.id, request.body)),
  );
  api.delete(
    '/v1/canned-replies/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Remove a canned reply',
        params: smallIdParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await unitOfWork.run((tx) => removeCannedReply(tx, editorOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

function editorOf(request: FastifyRequest) {
  return {
    actor: actorOf(request),
    authorize: (appId: number) => assertAppAccess(request, appId),
  };
}
