import { idSchema, overviewSchema, ProblemError, pageQuery } from '@mevrik/protocol';
import { z } from 'zod';
import type { DeadLetters } from '../../dispatch/dead-letters.ts';
import type { DispatchInspection } from '../../dispatch/inspection.ts';
import { readOverview } from '../../queries/overview.ts';
import { actorOf } from '../access.ts';
import type { HttpDependencies, RoutePlugin } from '../http-dependencies.ts';

/** What the routes below look into. */
export interface InspectionDependencies extends Pick<HttpDependencies, 'database'> {
  readonly inspection: DispatchInspection;
  readonly deadLetters: DeadLetters;
}

const seeing = { access: ['admin', 'supervisor'] as const };
const acting = { access: ['admin'] as const };
const tags = ['events'];
const uuid = z.uuid();

const filterSchema = z.strictObject({
  subscription: z.string().min(1).max(100).optional(),
  eventId: uuid.optional(),
  type: z.string().min(1).max(100).optional(),
  key: z.string().min(1).max(300).optional(),
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  status: z.enum(['waiting', 'dead']).optional(),
});
const eventQuery = z.strictObject({
  type: filterSchema.shape.type,
  key: filterSchema.shape.key,
  appId: filterSchema.shape.appId,
  sessionId: z.coerce.number().pipe(idSchema).optional(),
  correlationId: uuid.optional(),
  cursor: uuid.optional(),
  limit: pageQuery.shape.limit,
});

/** Everything can be seen: events, listeners, dead letters, the audit trail. */
export function inspectionRoutes(dependencies: InspectionDependencies): RoutePlugin {
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
      { config: seeing, schema: { tags, summary: 'Events, newest first', querystring: eventQuery } },
      async (request) => {
        const { cursor, ...rest } = request.query;
        const { events, nextCursor } = await inspection.listEvents({ ...rest, before: cursor });
        return { items: events, next: nextCursor };
      },
    );
    api.get(
      '/v1/admin/events/:id',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'An event, its chain, and what its listeners made of it',
          params: z.strictObject({ id: uuid }),
        },
      },
      async (request) => {
        const story = await inspection.eventStory(request.params.id);
        if (!story) throw new ProblemError('not_found', 'There is no such event.');
        return story;
      },
    );
    api.get(
      '/v1/admin/subscriptions',
      { config: seeing, schema: { tags, summary: 'Listeners, with lag, parked and dead events' } },
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
          querystring: filterSchema.extend(pageQuery.shape),
        },
      },
      (request) => {
        const { cursor, limit, ...rest } = request.query;
        return deadLetters.list(rest, { cursor, limit });
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
            filter: filterSchema,
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
          body: z.strictObject({ filter: filterSchema }),
        },
      },
      async (request) => ({
        discarded: await deadLetters.discard(named(request.body.filter), actorOf(request)),
      }),
    );
  };
}

/** An empty filter would mean everything, which nobody should do by leaving something out. */
function named(filter: z.output<typeof filterSchema>): z.output<typeof filterSchema> {
  if (Object.values(filter).some((value) => value !== undefined)) return filter;
  throw new ProblemError('invalid_input', 'Say which: an empty filter would mean all of them.', {
    fields: [{ path: 'filter', message: 'must name something' }],
  });
}
