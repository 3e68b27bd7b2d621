import {
  discardedSchema,
  discardParkedBody,
  eventPageSchema,
  eventQuery,
  eventStorySchema,
  itemsOf,
  overviewSchema,
  ProblemError,
  pageOf,
  pageQuery,
  parkedEventSchema,
  parkedFilterSchema,
  resumeBody,
  resumedSchema,
  retriedSchema,
  retryParkedBody,
  subscriptionStateSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import { cacheFor } from '../../auth/cache-for.ts';
import type { DeadLetters } from '../../dispatch/inspect/dead-letters.ts';
import type { DispatchInspection } from '../../dispatch/inspect/inspection.ts';
import { deliveriesOfEvents } from '../../queries/deliveries.ts';
import { readOverview } from '../../queries/overview.ts';
import { actorOf, staffOf } from '../access.ts';
import { appsInKey, keyOfApps, visibleApps } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Dependencies of the inspection routes. */
export interface InspectionRouteDeps extends Pick<HttpDeps, 'database'> {
  readonly inspection: DispatchInspection;
  readonly deadLetters: DeadLetters;
}

type ParkedQuery = z.output<typeof parkedFilterSchema>;

const reading = { access: ['admin', 'supervisor'] as const };
const acting = { access: ['admin'] as const };
const tags = ['events'];
/** The overview is read once for all who ask meanwhile, or within a second, and may see the same apps. */
const sharedMs = 1_000;

/** The overview, the event log, listeners and dead letters. */
export function inspectionRoutes(deps: InspectionRouteDeps): RoutePlugin {
  return (api) => {
    addOverviewRoute(api, deps);
    addEventRoutes(api, deps);
    addSubscriptionRoutes(api, deps);
    addDeadLetterListRoute(api, deps);
    addDeadLetterActionRoutes(api, deps);
  };
}

function addOverviewRoute(api: Api, { database }: InspectionRouteDeps): void {
  const read = (key: string) => readOverview(database, appsInKey(key));
  const overview = cacheFor(sharedMs, read, { sharesSlowLoads: true });
  api.get(
    '/v1/admin/overview',
    {
      config: reading,
      schema: { tags, summary: 'Get the overview of the desk', response: { 200: overviewSchema } },
    },
    (request) => overview.get(keyOfApps(visibleApps(staffOf(request), undefined))),
  );
}

function addEventRoutes(api: Api, { database, inspection }: InspectionRouteDeps): void {
  api.get(
    '/v1/admin/events',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List events with their outcome, newest first',
        description:
          'Filters without an index (text, app, outcome) search 10,000 events per page. A page may hold few events ' +
          'and still have a `next`; `searchedTo` is how far back it searched.',
        querystring: eventQuery,
        response: { 200: eventPageSchema },
      },
    },
    (request) => {
      const { cursor, type, appId, ...rest } = request.query;
      const appIds = visibleApps(staffOf(request), appId);
      return inspection.listEvents({ ...rest, appIds, types: type?.split(','), before: cursor });
    },
  );
  api.get(
    '/v1/admin/events/:id',
    {
      config: reading,
      schema: {
        tags,
        summary: 'Get an event with its chain, and the outcome at listeners, broadcasts and deliveries',
        params: z.strictObject({ id: z.uuid() }),
        response: { 200: eventStorySchema },
      },
    },
    async (request) => {
      const story = await inspection.eventStory(request.params.id);
      const appIds = visibleApps(staffOf(request), undefined);
      if (!story || (appIds !== null && !appIds.includes(story.event.appId))) {
        throw new ProblemError('not_found', 'Event not found.');
      }
      const delivered = await deliveriesOfEvents(database, story.chain);
      const chain = story.chain.map((one) => ({ ...one, deliveries: delivered.get(one.id) ?? [] }));
      return { ...story, chain };
    },
  );
}

function addSubscriptionRoutes(api: Api, { inspection, deadLetters }: InspectionRouteDeps): void {
  api.get(
    '/v1/admin/subscriptions',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List listeners with their lag, parked events and dead letters',
        response: { 200: itemsOf(subscriptionStateSchema) },
      },
    },
    async (request) => ({
      items: await inspection.listSubscriptions(visibleApps(staffOf(request), undefined)),
    }),
  );
  api.post(
    '/v1/admin/subscriptions/:name/resume',
    {
      config: acting,
      schema: {
        tags,
        summary: 'Resume a paused listener for an app or all',
        description: 'The events that have waited are handled in order, before new ones of the same app.',
        params: z.strictObject({ name: z.string().max(100) }),
        body: resumeBody.nullish(),
        response: { 200: resumedSchema },
      },
    },
    async (request) => ({
      resumed: await deadLetters.resume(request.params.name, request.body?.appId, actorOf(request)),
    }),
  );
}

function addDeadLetterListRoute(api: Api, { deadLetters }: InspectionRouteDeps): void {
  api.get(
    '/v1/admin/dead-letters',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List parked events and dead letters (`status=dead`), newest first',
        querystring: parkedFilterSchema.extend(pageQuery.shape),
        response: { 200: pageOf(parkedEventSchema) },
      },
    },
    (request) => {
      const { cursor, limit, ...rest } = request.query;
      const appIds = visibleApps(staffOf(request), rest.appId);
      return deadLetters.list({ ...rest, appIds }, { cursor, limit });
    },
  );
}

function addDeadLetterActionRoutes(api: Api, { deadLetters }: InspectionRouteDeps): void {
  api.post(
    '/v1/admin/dead-letters/retry',
    {
      config: acting,
      schema: {
        tags,
        summary: 'Retry all events that match a filter',
        description:
          '`editedData` replaces the data of a single event for this retry; the log is never changed.',
        body: retryParkedBody,
        response: { 200: retriedSchema },
      },
    },
    async (request) => {
      const { filter, editedData } = request.body;
      return { retried: await deadLetters.retry(requireFilter(filter), { editedData }, actorOf(request)) };
    },
  );
  api.post(
    '/v1/admin/dead-letters/discard',
    {
      config: acting,
      schema: {
        tags,
        summary: 'Discard all events that match a filter',
        body: discardParkedBody,
        response: { 200: discardedSchema },
      },
    },
    async (request) => ({
      discarded: await deadLetters.discard(requireFilter(request.body.filter), actorOf(request)),
    }),
  );
}

/** Rejects an empty filter, which would match everything. @throws ProblemError `invalid_input`. */
function requireFilter(filter: ParkedQuery): ParkedQuery {
  if (Object.values(filter).some((value) => value !== undefined)) return filter;
  throw new ProblemError(
    'invalid_input',
    'Set at least one filter. An empty filter would match everything.',
    {
      fields: [{ path: 'filter', message: 'must not be empty' }],
    },
  );
}
