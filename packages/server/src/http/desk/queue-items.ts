import { acceptedSchema, pageOf, queueItemQuery, queueItemSchema } from '@mevrik/protocol';
import { acceptQueueItem } from '../../commands/assign-queue-item.ts';
import { listQueueItems } from '../../queries/conversations.ts';
import { staffOf, staffRoles } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { requestCause } from '../request-cause.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** Listing the queue and accepting a conversation from it. */
export function queueItemRoutes({ database, unitOfWork }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/queue-items',
      {
        config,
        schema: {
          tags,
          summary: 'List queue items',
          querystring: queueItemQuery,
          response: { 200: pageOf(queueItemSchema) },
        },
      },
      (request) => {
        const { appId, ...rest } = request.query;
        return listQueueItems(database, { ...rest, appIds: visibleApps(staffOf(request), appId) });
      },
    );
    api.post(
      '/v1/queue-items/:id/accept',
      {
        config,
        schema: {
          tags,
          summary: 'Accept a waiting conversation',
          params: idParams,
          response: { 200: acceptedSchema },
        },
      },
      (request) =>
        unitOfWork.run(
          (tx) => acceptQueueItem(tx, { queueItemId: request.params.id, agent: staffOf(request) }),
          requestCause(request),
        ),
    );
  };
}
