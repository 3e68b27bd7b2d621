import {
  eventPageSchema,
  eventQuery,
  eventStorySchema,
  overviewSchema,
  ProblemError,
  pageOf,
  pageQuery,
  parkedEventSchema,
  parkedFilterSchema,
  subscriptionStateSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import type { DeadLetters } from '../../dispatch/inspect/dead-letters.ts';
import type { DispatchInspection } from '../../dispatch/inspect/inspection.ts';
import { deliveriesOfEvents } from '../../queries/deliveries.ts';
import { readOverview } from '../../queries/overview.ts';
import { actorOf, staffOf } from '../access.ts';
import { visibleApps } from '../desk/sessions.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** What the routes below look into. */
export interface InspectionRouteDeps extends Pick<HttpDeps, 'database'> {
  readonly inspection: DispatchInspection;
  readonly deadLetters: DeadLetters;
}

const seeing = { access: ['admin', 'supervisor'] as const };
const acting = { access: ['admin'] as const };
const tags = ['events'];
/** Everything can be seen: events, listeners, dead letters, the audit trail. */
export function inspectionRoutes(dependencies: InspectionRouteDeps): RoutePlugin {
  const { database, inspection, deadLetters } = dependencies;
  return (api) => {
    api.get(
      '/v1/admin/overview',
      {
        config: seeing,
        schema: { tags, summary: 'How the desk is doing', response: { 200: overviewSchema } },
      },
      () => readOverview(database),
    );
    api.get(
      '/v1/admin/events',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'Events, newest first, with what has become of each',
          description:
            'What no index knows (a word, an app, an outcome) is looked for among 10,000 events a page: a page may ' +
            'hold few and have a `next`, and `searchedTo` tells how far back was looked.',
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
        config: seeing,
        schema: {
          tags,
          summary: 'An event, its chain, and what listeners, broadcasts and deliveries made of it',
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
    api.get(
      '/v1/admin/subscriptions',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'Listeners, with lag, parked and dead events',
          response: { 200: z.object({ items: z.array(subscriptionStateSchema) }) },
        },
      },
      async () => ({ items: await inspection.listSubscriptions() }),
    );
    api.post(
      '/v1/admin/subscriptions/:name/resume',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Let a paused listener go on',
          params: z.strictObject({ name: z.string().max(100) }),
        },
      },
      async (request, reply) => {
        await deadLetters.resume(request.params.name, actorOf(request));
        return reply.code(204).send(null);
      },
    );
    api.get(
      '/v1/admin/dead-letters',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'Events that a listener could not handle, newest first; `status=dead` need a person',
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
    api.post(
      '/v1/admin/dead-letters/retry',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Retry one, or all that match',
          description: '`editedData` is handled in place of the data of one event; the log is never changed.',
          body: z.strictObject({
            filter: parkedFilterSchema,
            editedData: z.record(z.string(), z.unknown()).optional(),
          }),
        },
      },
      async (request) => {
        const { filter, editedData } = request.body;
        return { retried: await deadLetters.retry(named(filter), { editedData }, actorOf(request)) };
      },
    );
    api.post(
      '/v1/admin/dead-letters/discard',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Drop one, or all that match',
          body: z.strictObject({ filter: parkedFilterSchema }),
        },
      },
      async (request) => ({
        discarded: await deadLetters.discard(named(request.body.filter), actorOf(request)),
      }),
    );
  };
}

/** An empty filter would mean everything, which nobody should do by leaving something out. */
function named(filter: z.output<typeof parkedFilterSchema>): z.output<typeof parkedFilterSchema> {
  if (Object.values(filter).some((value) => value !== undefined)) return filter;
  throw new ProblemError(
    'invalid_input',
    'Set at least one filter. An empty filter would match everything.',
    {
      fields: [{ path: 'filter', message: 'must not be empty' }],
    },
  );
}
