import {
  messageSchema,
  pageOf,
  pageQuery,
  type Session,
  sessionQuery,
  sessionSchema,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../db/database.ts';
import { listMessages, listSessions, requireSession } from '../../queries/conversations.ts';
import { staffOf, staffRoles } from '../access.ts';
import { assertAppAccess, visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { withSignedFiles } from '../signed-files.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** A session of an app that the calling agent has access to. @throws ProblemError `not_found` or `forbidden`. */
export async function requireVisibleSession(
  database: Database,
  request: FastifyRequest,
  id: number,
): Promise<Session> {
  const session = await requireSession(database, id);
  assertAppAccess(request, session.appId);
  return session;
}

/** Sessions and their messages. */
export function sessionRoutes({ database, files }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/sessions',
      {
        config,
        schema: {
          tags,
          summary: 'List sessions',
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
      {
        config,
        schema: { tags, summary: 'Get a session', params: idParams, response: { 200: sessionSchema } },
      },
      (request) => requireVisibleSession(database, request, request.params.id),
    );
    api.get(
      '/v1/sessions/:id/messages',
      {
        config,
        schema: {
          tags,
          summary: 'List the messages of the conversation, newest first, including notes',
          params: idParams,
          querystring: pageQuery,
          response: { 200: pageOf(messageSchema) },
        },
      },
      async (request) => {
        const { conversationKey } = await requireVisibleSession(database, request, request.params.id);
        const page = await listMessages(database, conversationKey, { ...request.query, withNotes: true });
        return withSignedFiles(files, page);
      },
    );
  };
}
