import { eventSegmentQuery, eventSegmentSchema, pageOf } from '@mevrik/protocol';
import { listSegments, requestLoad } from '../../archive/segments.ts';
import { actorOf, staffOf } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';

const tags = ['events'];

/** The archive of the log: listing it, and loading events back. */
export function eventArchiveRoutes({
  database,
  unitOfWork,
}: Pick<HttpDeps, 'database' | 'unitOfWork'>): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/event-archive',
      {
        config: { access: ['admin', 'supervisor'] as const },
        schema: {
          tags,
          summary: 'List the archived parts of the event log, newest first',
          querystring: eventSegmentQuery,
          response: { 200: pageOf(eventSegmentSchema) },
        },
      },
      (request) => {
        const { cursor, limit, appId, ...filter } = request.query;
        const appIds = visibleApps(staffOf(request), appId);
        return listSegments(database.sql, { ...filter, appIds }, { cursor, limit });
      },
    );
    api.post(
      '/v1/admin/event-archive/:id/load',
      {
        config: { access: ['admin'] as const, storesData: true },
        schema: {
          tags,
          summary: 'Put archived events back into the log for a week',
          description:
            'They can be searched, opened and replayed like all others, with what listeners did with them. No ' +
            'listener handles them again. Repeating the request prolongs the time.',
          params: idParams,
          response: { 202: eventSegmentSchema },
        },
      },
      async (request, reply) => {
        const appIds = visibleApps(staffOf(request), undefined);
        const actor = actorOf(request);
        return reply.code(202).send(await requestLoad(unitOfWork, { id: request.params.id, appIds, actor }));
      },
    );
  };
}
