import { deliverySchema, itemsOf, replySchema } from '@mevrik/protocol';
import { assertMayServe } from '../../commands/transfer.ts';
import { retryMessage } from '../../delivery/retry-message.ts';
import { listNotice, statusNotice } from '../../live/delivery-notices.ts';
import { listDeliveries } from '../../queries/deliveries.ts';
import { actorOf, staffOf, staffRoles } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { requestCause } from '../request-cause.ts';

const config = { access: staffRoles };
const tags = ['desk'];
/** One message is delivered at most once over each of the customer's channels. */
const maxDeliveries = 100;

/** Reading the deliveries of a message, and retrying one that failed. */
export function deliveryRoutes(deps: HttpDeps): RoutePlugin {
  const { database, unitOfWork, notify } = deps;
  return (api) => {
    api.get(
      '/v1/messages/:id/deliveries',
      {
        config,
        schema: {
          tags,
          summary: 'List the deliveries of a message, fallbacks included, newest first',
          params: idParams,
          response: { 200: itemsOf(deliverySchema) },
        },
      },
      async (request) => {
        const { items } = await listDeliveries(database, {
          messageId: request.params.id,
          appIds: visibleApps(staffOf(request), undefined),
          limit: maxDeliveries,
        });
        return { items };
      },
    );
    api.post(
      '/v1/messages/:id/retry',
      {
        config,
        schema: {
          tags,
          summary: 'Retry a message that failed',
          params: idParams,
          response: { 202: replySchema },
        },
      },
      async (request, reply) => {
        const by = staffOf(request);
        const { message, isDoubtful } = await unitOfWork.run(
          (tx) =>
            retryMessage(tx, {
              messageId: request.params.id,
              actor: actorOf(request),
              authorize: (session) => assertMayServe(by, session),
            }),
          requestCause(request),
        );
        const { id: messageId, appId, sessionId } = message;
        notify([
          statusNotice(appId, { messageId, sessionId, status: 'queued', isDoubtful }),
          listNotice(appId, 'deliveries'),
        ]);
        return reply.code(202).send({ message });
      },
    );
  };
}
