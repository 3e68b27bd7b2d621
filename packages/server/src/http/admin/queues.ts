import { queueOverviewSchema } from '@mevrik/protocol';
import { readQueues } from '../../queries/queues.ts';
import { staffOf } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** The queues and the agents who serve them. */
export function queueStateRoutes({ database }: Pick<HttpDeps, 'database'>): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/queues',
      {
        config: { access: ['admin', 'supervisor'] as const },
        schema: {
          tags: ['desk'],
          summary: 'Get the state of all queues and the free capacity of agents',
          response: { 200: queueOverviewSchema },
        },
      },
      (request) => readQueues(database, visibleApps(staffOf(request), undefined)),
    );
  };
}
