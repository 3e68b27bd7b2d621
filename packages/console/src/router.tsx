import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type RouteComponent,
  redirect,
} from '@tanstack/react-router';
import type { ArchiveSearch } from './admin/archive/archive-search.ts';
import { readDeliverySearch } from './admin/deliveries/delivery-search.ts';
import { readEventFilter } from './admin/events/event-filter.ts';
import { readReplaySearch } from './admin/replays/replay-search.ts';
import { readFilter } from './desk/list/desk-filter.ts';
import { LoginPage } from './session/login-page.tsx';
import { session } from './session/session.ts';
import { NotFound } from './shared/not-found.tsx';
import { type RawSearch, readTexts } from './shared/search-params.ts';
import { Loading } from './shared/states.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: LoginPage,
  validateSearch: (search: RawSearch) => readTexts<'to'>(search, ['to']),
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
/** A page of the admin panel. */
const adminPage = <const Path extends string>(path: Path, component: RouteComponent) =>
  createRoute({ getParentRoute: () => admin, path, component });

/** A page of the admin panel that reads URL parameters. */
const adminPageWithSearch = <const Path extends string, Search extends object>(
  path: Path,
  component: RouteComponent,
  validateSearch: (search: RawSearch) => Search,
) => createRoute({ getParentRoute: () => admin, path, component, validateSearch });

const adminPages = [
  adminPage(
    '/',
    lazyRouteComponent(() => import('./admin/overview/overview-page.tsx'), 'OverviewPage'),
  ),
  adminPageWithSearch(
    '/events',
    lazyRouteComponent(() => import('./admin/events/events-page.tsx'), 'EventsPage'),
    readEventFilter,
  ),
  adminPageWithSearch(
    '/events/archive',
    lazyRouteComponent(() => import('./admin/archive/archive-page.tsx'), 'ArchivePage'),
    (search) => readTexts<keyof ArchiveSearch>(search, ['appId', 'from', 'until', 'eventId']),
  ),
  adminPage(
    '/events/$eventId',
    lazyRouteComponent(() => import('./admin/events/event-details-page.tsx'), 'EventDetailsPage'),
  ),
  adminPage(
    '/health',
    lazyRouteComponent(() => import('./admin/health/health-page.tsx'), 'HealthPage'),
  ),
  adminPageWithSearch(
    '/messages',
    lazyRouteComponent(() => import('./admin/messages/find-message-page.tsx'), 'FindMessagePage'),
    (search) => readTexts<'q'>(search, ['q']),
  ),
  adminPage(
    '/messages/$messageId',
    lazyRouteComponent(() => import('./admin/messages/message-page.tsx'), 'MessagePage'),
  ),
  adminPage(
    '/dead-letters',
    lazyRouteComponent(() => import('./admin/dead-letters/dead-letters-page.tsx'), 'DeadLettersPage'),
  ),
  adminPageWithSearch(
    '/replay',
    lazyRouteComponent(() => import('./admin/replays/replay-page.tsx'), 'ReplayPage'),
    readReplaySearch,
  ),
  adminPage(
    '/replay/$replayId',
    lazyRouteComponent(() => import('./admin/replays/replay-run-page.tsx'), 'ReplayRunPage'),
  ),
  adminPage(
    '/listeners',
    lazyRouteComponent(() => import('./admin/listeners/listeners-page.tsx'), 'ListenersPage'),
  ),
  adminPage(
    '/channels',
    lazyRouteComponent(() => import('./admin/channels/channels-page.tsx'), 'ChannelsPage'),
  ),
  adminPageWithSearch(
    '/deliveries',
    lazyRouteComponent(() => import('./admin/deliveries/deliveries-page.tsx'), 'DeliveriesPage'),
    readDeliverySearch,
  ),
  adminPage(
    '/emails',
    lazyRouteComponent(() => import('./admin/emails/emails-page.tsx'), 'EmailsPage'),
  ),
  adminPage(
    '/webhook-events',
    lazyRouteComponent(() => import('./admin/webhook-events/webhook-events-page.tsx'), 'WebhookEventsPage'),
  ),
  adminPage(
    '/queues',
    lazyRouteComponent(() => import('./admin/queues/queues-page.tsx'), 'QueuesPage'),
  ),
  adminPage(
    '/connections',
    lazyRouteComponent(() => import('./admin/connections/connections-page.tsx'), 'ConnectionsPage'),
  ),
  adminPage(
    '/apps',
    lazyRouteComponent(() => import('./admin/apps/apps-page.tsx'), 'AppsPage'),
  ),
  adminPage(
    '/apps/$appId',
    lazyRouteComponent(() => import('./admin/apps/app-page.tsx'), 'AppPage'),
  ),
  adminPageWithSearch(
    '/apps/$appId/add-channel',
    lazyRouteComponent(() => import('./admin/channels/channel-page.tsx'), 'AddChannelPage'),
    (search) => readTexts<'kind'>(search, ['kind']),
  ),
  adminPage(
    '/apps/$appId/channels/$name',
    lazyRouteComponent(() => import('./admin/channels/channel-page.tsx'), 'ChannelPage'),
  ),
  adminPage(
    '/canned-replies',
    lazyRouteComponent(() => import('./admin/canned-replies/canned-replies-page.tsx'), 'CannedRepliesPage'),
  ),
  adminPage(
    '/agents',
    lazyRouteComponent(() => import('./admin/agents/agents-page.tsx'), 'AgentsPage'),
  ),
  adminPage(
    '/audit',
    lazyRouteComponent(() => import('./admin/audit/audit-page.tsx'), 'AuditPage'),
  ),
] as const;

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
