import { queueOverviewSchema } from '@mevrik/protocol';
import { readQueues } from '../../queries/queues.ts';
import { staffOf } from '../access.ts';
import { visibleApps } from '../desk/sessions.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Who waits, and who is there for them. */
export function queueStateRoutes({ database }: Pick<HttpDeps, 'database'>): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/queues',
      {
        config: { access: ['admin', 'supervisor'] as const },
        schema: {
          tags: ['desk'],
          summary: 'How the queues are doing, and how much the agents can still take',
          response: { 200: queueOverviewSchema },
        },
      },
      (request) => readQueues(database, visibleApps(staffOf(request), undefined)),
    );
  };
}
