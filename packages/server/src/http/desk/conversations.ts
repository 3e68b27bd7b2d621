import {
  colleagueSchema,
  conversationQuery,
  conversationRowSchema,
  itemsOf,
  pageOf,
  staffAppSchema,
} from '@mevrik/protocol';
import { requireApp } from '../../apps/app-directory.ts';
import { readDownReasons } from '../../queries/deliveries.ts';
import { enabledApps, listColleagues, listConversations, requireConversation } from '../../queries/desk.ts';
import { staffOf, staffRoles } from '../access.ts';
import { assertAppAccess, visibleApps } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { withReplyWindow, withReplyWindows } from './reply-window.ts';
import { describeApp } from './staff-view.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** What the desk shows in its lists and panels. */
export function conversationRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addContextRoutes(api, deps);
    addConversationRoutes(api, deps);
  };
}

function addContextRoutes(api: Api, { database, apps, channels, files }: HttpDeps): void {
  api.get(
    '/v1/apps',
    {
      config,
      schema: {
        tags,
        summary: 'List the apps you have access to',
        response: { 200: itemsOf(staffAppSchema) },
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
        summary: 'List the agents that a conversation can be transferred to',
        response: { 200: itemsOf(colleagueSchema) },
      },
    },
    async (request) => ({
      items: await listColleagues(database, visibleApps(staffOf(request), undefined)),
    }),
  );
}

function addConversationRoutes(api: Api, { database, apps, channels }: HttpDeps): void {
  api.get(
    '/v1/conversations',
    {
      config,
      schema: {
        tags,
        summary: 'List active conversations with everything a list shows',
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
        summary: 'Get the conversation of a session, as shown in lists',
        params: idParams,
        response: { 200: conversationRowSchema },
      },
    },
    async (request) => {
      const row = await requireConversation(database, request.params.id);
      assertAppAccess(request, row.session.appId);
      return withReplyWindow({ database, apps, channels }, row);
    },
  );
}
