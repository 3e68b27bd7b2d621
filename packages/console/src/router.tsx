import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { readFilter } from './desk/list/desk-filter.ts';
import { LoginPage } from './session/login-page.tsx';
import { session } from './session/session.ts';
import { NotFound } from './shared/not-found.tsx';
import { Loading } from './shared/states.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: LoginPage,
  validateSearch: ({ to }: Record<string, unknown>) => (typeof to === 'string' ? { to } : {}),
});

/** Redirects to the login page and back afterwards. */
function requireLogin({ location }: { location: { href: string } }): void {
  if (!session.agent) throw redirect({ to: '/login', search: { to: location.href } });
}

const desk = createRoute({
  getParentRoute: () => root,
  path: '/desk',
  beforeLoad: requireLogin,
  component: lazyRouteComponent(() => import('./desk/desk-page.tsx'), 'DeskPage'),
  validateSearch: readFilter,
});
const conversation = createRoute({ getParentRoute: () => desk, path: '$sessionId' });

const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  beforeLoad(context) {
    requireLogin(context);
    if (session.agent?.role === 'agent') throw redirect({ to: '/desk' });
  },
  component: lazyRouteComponent(() => import('./admin/shared/admin-layout.tsx'), 'AdminLayout'),
});
const page = <Path extends string>(path: Path, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({
    getParentRoute: () => admin,
    path,
    component: lazyRouteComponent(load as never, name as never),
    validateSearch: (search: Record<string, unknown>) => search as Record<string, string | undefined>,
  });
const adminPages = [
  page('/', () => import('./admin/overview/overview-page.tsx'), 'OverviewPage'),
  page('/events', () => import('./admin/events/events-page.tsx'), 'EventsPage'),
  page('/events/$eventId', () => import('./admin/events/event-details-page.tsx'), 'EventDetailsPage'),
  page('/health', () => import('./admin/health/health-page.tsx'), 'HealthPage'),
  page('/messages', () => import('./admin/messages/find-message-page.tsx'), 'FindMessagePage'),
  page('/messages/$messageId', () => import('./admin/messages/message-page.tsx'), 'MessagePage'),
  page('/dead-letters', () => import('./admin/dead-letters/dead-letters-page.tsx'), 'DeadLettersPage'),
  page('/replay', () => import('./admin/replays/replay-page.tsx'), 'ReplayPage'),
  page('/replay/$replayId', () => import('./admin/replays/replay-run-page.tsx'), 'ReplayRunPage'),
  page('/listeners', () => import('./admin/listeners/listeners-page.tsx'), 'ListenersPage'),
  page('/channels', () => import('./admin/channels/channels-page.tsx'), 'ChannelsPage'),
  page('/deliveries', () => import('./admin/deliveries/deliveries-page.tsx'), 'DeliveriesPage'),
  page('/emails', () => import('./admin/emails/emails-page.tsx'), 'EmailsPage'),
  page(
    '/webhook-events',
    () => import('./admin/webhook-events/webhook-events-page.tsx'),
    'WebhookEventsPage',
  ),
  page('/queues', () => import('./admin/queues/queues-page.tsx'), 'QueuesPage'),
  page('/connections', () => import('./admin/connections/connections-page.tsx'), 'ConnectionsPage'),
  page('/apps', () => import('./admin/apps/apps-page.tsx'), 'AppsPage'),
  page('/apps/$appId', () => import('./admin/apps/app-page.tsx'), 'AppPage'),
  page('/apps/$appId/add-channel', () => import('./admin/channels/channel-page.tsx'), 'AddChannelPage'),
  page('/apps/$appId/channels/$name', () => import('./admin/channels/channel-page.tsx'), 'ChannelPage'),
  page(
    '/canned-replies',
    () => import('./admin/canned-replies/canned-replies-page.tsx'),
    'CannedRepliesPage',
  ),
  page('/agents', () => import('./admin/agents/agents-page.tsx'), 'AgentsPage'),
  page('/audit', () => import('./admin/audit/audit-page.tsx'), 'AuditPage'),
];

/** The routes of the application. */
export const router = createRouter({
  routeTree: root.addChildren([login, desk.addChildren([conversation]), admin.addChildren(adminPages)]),
  defaultPendingComponent: () => <Loading />,
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

session.subscribe(() => void router.invalidate());
