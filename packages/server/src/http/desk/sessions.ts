import {
  acceptedSchema,
  idSchema,
  messageSchema,
  noteBody,
  ProblemError,
  pageOf,
  pageQuery,
  queueItemSchema,
  readBody,
  replyBody,
  replySchema,
  sessionAnswerSchema,
  sessionSchema,
  topics,
  transferBody,
  typingBody,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { mayActFor, type StaffPrincipal } from '../../auth/principal.ts';
import { acceptQueueItem } from '../../commands/assign-queue-item.ts';
import { enqueueSign } from '../../commands/enqueue-sign.ts';
import { markSessionRead } from '../../commands/mark-session-read.ts';
import { replyAsAgent } from '../../commands/send-reply.ts';
import { assertMayServe, transfer } from '../../commands/transfer.ts';
import { notifier } from '../../live/publisher.ts';
import { listMessages, listQueueItems, listSessions, requireSession } from '../../queries/conversations.ts';
import { addNote } from '../../state/messages.ts';
import { lockSession } from '../../state/sessions.ts';
import { staffOf, staffRoles, uploaderOf } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { signed } from '../signed.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

const queueQuery = pageQuery.extend({
  status: queueItemSchema.shape.status.optional(),
  queue: queueItemSchema.shape.queue.optional(),
  appId: z.coerce.number().pipe(idSchema).optional(),
});
const sessionQuery = pageQuery.extend({
  assigned: z.literal('me').optional(),
  agentType: sessionSchema.shape.agentType.optional(),
  status: sessionSchema.shape.status.optional(),
  appId: z.coerce.number().pipe(idSchema).optional(),
});

/** The apps whose conversations somebody sees: all of theirs, or the one they ask for; `null` means every app. */
export function visibleApps(principal: StaffPrincipal, asked: number | undefined): readonly number[] | null {
  if (asked === undefined) return principal.role === 'admin' ? null : principal.appIds;
  if (!mayActFor(principal, asked))
    throw new ProblemError('forbidden', 'You do not have access to this app.');
  return [asked];
}

/** Refuses what is of an app that somebody does not work for. @throws ProblemError `forbidden`. */
export function assertOwnApp(request: FastifyRequest, appId: number): void {
  if (!mayActFor(staffOf(request), appId))
    throw new ProblemError('forbidden', 'You do not have access to this app.');
}

/** The queue: what waits, and taking it. */
export function queueRoutes({ database, unitOfWork }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/queue-items',
      {
        config,
        schema: {
          tags,
          summary: 'The queue',
          querystring: queueQuery,
          response: { 200: pageOf(queueItemSchema) },
        },
      },
      (request) => {
        const { appId, ...rest } = request.query;
        return listQueueItems(database, { ...rest, appIds: visibleApps(staffOf(request), appId) });
      },
    );
    api.post(
      '/v1/queue-items/:id/accept',
      {
        config,
        schema: { tags, summary: 'Take a waiting conversation', params, response: { 200: acceptedSchema } },
      },
      (request) =>
        unitOfWork.run(
          (tx) => acceptQueueItem(tx, { queueItemId: request.params.id, agent: staffOf(request) }),
          causeOf(request),
        ),
    );
  };
}

/** What agents read and do in a session. */
export function sessionRoutes(dependencies: HttpDeps): RoutePlugin {
  const { database, unitOfWork, apps, channels, files } = dependencies;
  const notify = notifier(dependencies);

  async function ownSession(request: FastifyRequest, id: number) {
    const session = await requireSession(database, id);
    assertOwnApp(request, session.appId);
    return session;
  }

  return (api) => {
    api.get(
      '/v1/sessions',
      {
        config,
        schema: {
          tags,
          summary: 'Sessions',
          querystring: sessionQuery,
          response: { 200: pageOf(sessionSchema) },
        },
      },
      (request) => {
        const { appId, assigned, ...rest } = request.query;
        const principal = staffOf(request);
        const mine = assigned === 'me' ? { assignedAgentId: principal.agentId } : {};
        return listSessions(database, { ...rest, ...mine, appIds: visibleApps(principal, appId) });
      },
    );
    api.get(
      '/v1/sessions/:id',
      { config, schema: { tags, summary: 'A session', params, response: { 200: sessionSchema } } },
      (request) => ownSession(request, request.params.id),
    );
    api.get(
      '/v1/sessions/:id/messages',
      {
        config,
        schema: {
          tags,
          summary: 'The conversation of a session, newest first, with notes',
          params,
          querystring: pageQuery,
          response: { 200: pageOf(messageSchema) },
        },
      },
      async (request) => {
        const { conversationKey } = await ownSession(request, request.params.id);
        const asked = { ...request.query, withNotes: true };
        return signed(files, await listMessages(database, conversationKey, asked));
      },
    );
    api.post(
      '/v1/sessions/:id/replies',
      {
        config: { ...config, isRepeatable: true },
        schema: {
          tags,
          summary: 'Reply to the customer',
          params,
          body: replyBody,
          response: { 200: replySchema, 201: replySchema },
        },
      },
      async (request, reply) => {
        const by = staffOf(request);
        const { privately, attachments: attached = [], ...said } = request.body;
        const { appId } = await ownSession(request, request.params.id);
        const { message, repeated } = await unitOfWork.run(async (tx) => {
          const attachments = await files.claim(tx.sql, { appId, by: uploaderOf(request) }, attached);
          return replyAsAgent(tx, {
            sessionId: request.params.id,
            agent: { id: by.agentId, name: by.name },
            authorize: (session) => assertMayServe(by, session),
            content: { ...said, ...(attachments.length === 0 ? {} : { attachments }) },
            privately,
            idempotency: idempotencyOf(request, `agent ${by.agentId}`),
          });
        }, causeOf(request));
        return reply.code(repeated ? 200 : 201).send({ message });
      },
    );
    api.post(
      '/v1/sessions/:id/notes',
      {
        config: { ...config, isRepeatable: true },
        schema: {
          tags,
          summary: 'Write a note for colleagues',
          params,
          body: noteBody,
          response: { 201: replySchema },
        },
      },
      async (request, reply) => {
        const by = staffOf(request);
        const message = await unitOfWork.run(async (tx) => {
          const session = await lockSession(tx, request.params.id);
          assertOwnApp(request, session.appId);
          const sender = { type: 'agent', id: by.agentId, name: by.name } as const;
          const idempotency = idempotencyOf(request, `agent ${by.agentId}`);
          return addNote(tx, session, sender, request.body.text, idempotency);
        });
        notify([
          {
            appId: message.appId,
            topic: topics.agentType('live'),
            event: 'note_added',
            payload: { message },
          },
        ]);
        return reply.code(201).send({ message });
      },
    );
    api.post(
      '/v1/sessions/:id/transfer',
      {
        config,
        schema: {
          tags,
          summary: 'Transfer to an agent, to a queue, or back to the bot',
          params,
          body: transferBody,
          response: { 200: sessionAnswerSchema },
        },
      },
      async (request) => {
        const by = staffOf(request);
        const { appId } = await ownSession(request, request.params.id);
        const app = await requireApp(apps, appId);
        const session = await unitOfWork.run(
          (tx) => transfer(tx, { app, sessionId: request.params.id, by, ...request.body }),
          causeOf(request),
        );
        return { session };
      },
    );
    api.post(
      '/v1/sessions/:id/typing',
      {
        config,
        schema: {
          tags,
          summary: 'Say that I am typing',
          params,
          body: typingBody,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { id, appId } = await ownSession(request, request.params.id);
        const { agentId, name } = staffOf(request);
        const payload = { sessionId: id, by: 'agent', agentId, name, typing: request.body.typing };
        notify([{ appId, topic: topics.session(id), event: 'typing', payload }]);
        if (request.body.typing)
          await enqueueSign({ unitOfWork, apps, channels }, { appId, sessionId: id, sign: 'typing' });
        return reply.code(204).send(null);
      },
    );
    api.post(
      '/v1/sessions/:id/read',
      {
        config,
        schema: {
          tags,
          summary: 'Say how far I have read',
          params,
          body: readBody,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const by = staffOf(request);
        const sessionId = request.params.id;
        const { messageId } = request.body;
        const { appId } = await ownSession(request, sessionId);
        const authorize = (session: Parameters<typeof assertMayServe>[1]) => assertMayServe(by, session);
        await unitOfWork.run((tx) => markSessionRead(tx, { sessionId, by: 'agent', messageId, authorize }));
        const payload = { sessionId, by: 'agent', agentId: by.agentId, messageId };
        // Whoever has the desk open in several places has read it in all of them.
        for (const topic of [topics.session(sessionId), topics.agent(by.agentId)])
          notify([{ appId, topic, event: 'message_read', payload }]);
        await enqueueSign({ unitOfWork, apps, channels }, { appId, sessionId, sign: 'seen' });
        return reply.code(204).send(null);
      },
    );
  };
}
