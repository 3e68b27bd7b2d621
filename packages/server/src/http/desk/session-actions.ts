import {
  noteBody,
  readBody,
  replyBody,
  replySchema,
  sessionAnswerSchema,
  topics,
  transferBody,
  typingBody,
} from '@mevrik/protocol';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { enqueueIndicator } from '../../commands/enqueue-indicator.ts';
import { markSessionRead } from '../../commands/mark-session-read.ts';
import { replyAsAgent } from '../../commands/send-reply.ts';
import { assertMayServe, transfer } from '../../commands/transfer.ts';
import { notice } from '../../live/notice.ts';
import { addNote } from '../../state/messages.ts';
import { type LockedSession, lockSession } from '../../state/sessions.ts';
import { staffOf, staffRoles, uploaderOf } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { idParams } from '../params.ts';
import { requestCause } from '../request-cause.ts';
import { requireVisibleSession } from './sessions.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** What agents do in a session: reply, add notes, transfer, and show that they type or have read. */
export function sessionActionRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addReplyRoute(api, deps);
    addNoteRoute(api, deps);
    addTransferRoute(api, deps);
    addTypingRoute(api, deps);
    addReadRoute(api, deps);
  };
}

function addReplyRoute(api: Api, { database, unitOfWork, files }: HttpDeps): void {
  api.post(
    '/v1/sessions/:id/replies',
    {
      config: { ...config, isRepeatable: true },
      schema: {
        tags,
        summary: 'Reply to the customer',
        params: idParams,
        body: replyBody,
        response: { 200: replySchema, 201: replySchema },
      },
    },
    async (request, reply) => {
      const agent = staffOf(request);
      const { privately, attachments: uploads = [], ...content } = request.body;
      const { appId } = await requireVisibleSession(database, request, request.params.id);
      const { message, repeated } = await unitOfWork.run(async (tx) => {
        const attachments = await files.claim(tx.sql, { appId, by: uploaderOf(request) }, uploads);
        return replyAsAgent(tx, {
          sessionId: request.params.id,
          agent: { id: agent.agentId, name: agent.name },
          authorize: (session) => assertMayServe(agent, session),
          content: attachments.length === 0 ? content : { ...content, attachments },
          privately,
          idempotency: idempotencyOf(request, `agent ${agent.agentId}`),
        });
      }, requestCause(request));
      return reply.code(repeated ? 200 : 201).send({ message });
    },
  );
}

function addNoteRoute(api: Api, deps: HttpDeps): void {
  const { notify } = deps;
  api.post(
    '/v1/sessions/:id/notes',
    {
      config: { ...config, isRepeatable: true },
      schema: {
        tags,
        summary: 'Add a note for other agents',
        params: idParams,
        body: noteBody,
        response: { 201: replySchema },
      },
    },
    async (request, reply) => {
      const agent = staffOf(request);
      const message = await deps.unitOfWork.run(async (tx) => {
        const session = await lockSession(tx, request.params.id);
        assertAppAccess(request, session.appId);
        const sender = { type: 'agent', id: agent.agentId, name: agent.name } as const;
        const idempotency = idempotencyOf(request, `agent ${agent.agentId}`);
        return addNote(tx, session, sender, request.body.text, idempotency);
      });
      const topic = topics.agentType('live');
      notify([notice('note_added', message.appId, topic, { message })]);
      return reply.code(201).send({ message });
    },
  );
}

function addTransferRoute(api: Api, { database, unitOfWork, apps }: HttpDeps): void {
  api.post(
    '/v1/sessions/:id/transfer',
    {
      config,
      schema: {
        tags,
        summary: 'Transfer to an agent, to a queue, or back to the bot',
        params: idParams,
        body: transferBody,
        response: { 200: sessionAnswerSchema },
      },
    },
    async (request) => {
      const { appId } = await requireVisibleSession(database, request, request.params.id);
      const app = await requireApp(apps, appId);
      const session = await unitOfWork.run(
        (tx) => transfer(tx, { app, sessionId: request.params.id, by: staffOf(request), ...request.body }),
        requestCause(request),
      );
      return { session };
    },
  );
}

function addTypingRoute(api: Api, deps: HttpDeps): void {
  const { notify } = deps;
  const { database, unitOfWork, apps, channels } = deps;
  api.post(
    '/v1/sessions/:id/typing',
    {
      config,
      schema: {
        tags,
        summary: 'Show or clear the typing indicator',
        params: idParams,
        body: typingBody,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { id: sessionId, appId } = await requireVisibleSession(database, request, request.params.id);
      const { agentId, name } = staffOf(request);
      const { typing } = request.body;
      const payload = { sessionId, by: 'agent', agentId, name, typing } as const;
      notify([notice('typing', appId, topics.session(sessionId), payload)]);
      if (typing)
        await enqueueIndicator({ unitOfWork, apps, channels }, { appId, sessionId, indicator: 'typing' });
      return reply.code(204).send(null);
    },
  );
}

function addReadRoute(api: Api, deps: HttpDeps): void {
  const { notify } = deps;
  const { database, unitOfWork, apps, channels } = deps;
  api.post(
    '/v1/sessions/:id/read',
    {
      config,
      schema: {
        tags,
        summary: 'Mark messages as read',
        params: idParams,
        body: readBody,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const agent = staffOf(request);
      const sessionId = request.params.id;
      const { messageId } = request.body;
      const { appId } = await requireVisibleSession(database, request, sessionId);
      const authorize = (session: LockedSession) => assertMayServe(agent, session);
      await unitOfWork.run((tx) => markSessionRead(tx, { sessionId, by: 'agent', messageId, authorize }));
      const payload = { sessionId, by: 'agent', agentId: agent.agentId, messageId } as const;
      // The agent's other open desks subscribe to the agent's own topic.
      for (const topic of [topics.session(sessionId), topics.agent(agent.agentId)]) {
        notify([notice('message_read', appId, topic, payload)]);
      }
      await enqueueIndicator({ unitOfWork, apps, channels }, { appId, sessionId, indicator: 'seen' });
      return reply.code(204).send(null);
    },
  );
}
