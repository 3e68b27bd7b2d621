import {
  colleagueSchema,
  conversationQuery,
  conversationRowSchema,
  idSchema,
  pageOf,
  staffAppSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { readDownReasons } from '../../queries/deliveries.ts';
import { enabledApps, listColleagues, listConversations, requireConversation } from '../../queries/desk.ts';
import { staffOf, staffRoles } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { withReplyWindow, withReplyWindows } from './reply-window.ts';
import { assertOwnApp, visibleApps } from './sessions.ts';
import { describeApp } from './staff-view.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

/** What the desk's lists and panels show. */
export function conversationRoutes({ database, apps, channels, files }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/apps',
      {
        config,
        schema: {
          tags,
          summary: 'The apps that I work for',
          response: { 200: z.object({ items: z.array(staffAppSchema) }) },
        },
      },
      async (request) => {
        const ids = await enabledApps(database, visibleApps(staffOf(request), undefined));
        const profiles = await Promise.all(ids.map((id) => requireApp(apps, id)));
        const downReason = await readDownReasons(database, ids);
        return {
          items: profiles.map((profile) => describeApp(channels, profile, downReason, files.maxBytes)),
        };
      },
    );
    api.get(
      '/v1/agents',
      {
        config,
        schema: {
          tags,
          summary: 'Colleagues, to whom a conversation can be given',
          response: { 200: z.object({ items: z.array(colleagueSchema) }) },
        },
      },
      async (request) => ({
        items: await listColleagues(database, visibleApps(staffOf(request), undefined)),
      }),
    );
    api.get(
      '/v1/conversations',
      {
        config,
        schema: {
          tags,
          summary: 'Conversations that go on, with all that a list shows',
          querystring: conversationQuery,
          response: { 200: pageOf(conversationRowSchema) },
        },
      },
      async (request) => {
        const { appId, ...rest } = request.query;
        const principal = staffOf(request);
        const filter = { ...rest, agentId: principal.agentId, appIds: visibleApps(principal, appId) };
        const { items, next } = await listConversations(database, filter);
        return { items: await withReplyWindows({ database, apps, channels }, items), next };
      },
    );
    api.get(
      '/v1/sessions/:id/conversation',
      {
        config,
        schema: {
          tags,
          summary: 'The conversation of a session, as the lists show it',
          params,
          response: { 200: conversationRowSchema },
        },
      },
      async (request) => {
        const row = await requireConversation(database, request.params.id);
        assertOwnApp(request, row.session.appId);
        return withReplyWindow({ database, apps, channels }, row);
      },
    );
  };
}
