import { ProblemError, readBody, type Session, topics, typingBody } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { markSessionRead } from '../../commands/mark-session-read.ts';
import type { Database } from '../../db/database.ts';
import { notice } from '../../live/notice.ts';
import { activeSession } from '../../queries/conversations.ts';
import { customerOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const config = { access: ['customer'] as const };
const tags = ['conversation'];

/** A visitor's typing indicator and read receipts. */
export function typingAndReadRoutes(deps: HttpDeps): RoutePlugin {
  const { database, unitOfWork } = deps;
  const { notify } = deps;
  return (api) => {
    api.post(
      '/v1/typing',
      {
        config,
        schema: {
          tags,
          summary: 'Show or clear your typing indicator',
          body: typingBody,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { id: sessionId, appId } = await requireActiveSession(database, request);
        const payload = { sessionId, by: 'customer', typing: request.body.typing } as const;
        notify([notice('typing', appId, topics.session(sessionId), payload)]);
        return reply.code(204).send(null);
      },
    );
    api.post(
      '/v1/read',
      {
        config,
        schema: { tags, summary: 'Mark messages as read', body: readBody, response: { 204: z.null() } },
      },
      async (request, reply) => {
        const { id: sessionId, appId } = await requireActiveSession(database, request);
        const { messageId } = request.body;
        // The session is the customer's own, so there is nothing more to authorize.
        const authorize = () => {};
        await unitOfWork.run((tx) =>
          markSessionRead(tx, { sessionId, by: 'customer', messageId, authorize }),
        );
        const payload = { sessionId, by: 'customer', messageId } as const;
        notify([notice('message_read', appId, topics.session(sessionId), payload)]);
        return reply.code(204).send(null);
      },
    );
  };
}

async function requireActiveSession(database: Database, request: FastifyRequest): Promise<Session> {
  const session = await activeSession(database, customerOf(request).conversationKey);
  if (!session) throw new ProblemError('session_ended', 'Send a message to start a new session.');
  return session;
}
