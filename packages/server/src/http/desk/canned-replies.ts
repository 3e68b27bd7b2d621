import {
  cannedReplyQuery,
  cannedReplySchema,
  changeCannedReplyBody,
  idSchema,
  newCannedReplyBody,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { addCannedReply, changeCannedReply, removeCannedReply } from '../../commands/canned-replies.ts';
import { listCannedReplies } from '../../queries/canned-replies.ts';
import { actorOf, staffRoles } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { assertOwnApp } from './sessions.ts';

const config = { access: ['supervisor', 'admin'] as const };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema.max(2_147_483_647)) });

/** Replies that agents need often: agents read them, supervisors write them. */
export function cannedReplyRoutes({ database, unitOfWork }: HttpDeps): RoutePlugin {
  const by = (request: FastifyRequest) => ({
    actor: actorOf(request),
    authorize: (appId: number) => assertOwnApp(request, appId),
  });
  return (api) => {
    api.get(
      '/v1/canned-replies',
      {
        config: { access: staffRoles },
        schema: {
          tags,
          summary: 'The canned replies of an app',
          querystring: cannedReplyQuery,
          response: { 200: z.object({ items: z.array(cannedReplySchema) }) },
        },
      },
      async (request) => {
        assertOwnApp(request, request.query.appId);
        return { items: await listCannedReplies(database, request.query.appId) };
      },
    );
    api.post(
      '/v1/canned-replies',
      {
        config,
        schema: {
          tags,
          summary: 'Add a canned reply',
          description:
            'Its text may have placeholders: `{{customer.name}}`, or `{{customer.name|there}}` with what to say where it is not known.',
          body: newCannedReplyBody,
          response: { 201: cannedReplySchema },
        },
      },
      async (request, reply) => {
        const added = await unitOfWork.run((tx) => addCannedReply(tx, by(request), request.body));
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
          params,
          body: changeCannedReplyBody,
          response: { 200: cannedReplySchema },
        },
      },
      (request) =>
        unitOfWork.run((tx) => changeCannedReply(tx, by(request), request.params.id, request.body)),
    );
    api.delete(
      '/v1/canned-replies/:id',
      { config, schema: { tags, summary: 'Remove a canned reply', params, response: { 204: z.null() } } },
      async (request, reply) => {
        await unitOfWork.run((tx) => removeCannedReply(tx, by(request), request.params.id));
        return reply.code(204).send(null);
      },
    );
  };
}
