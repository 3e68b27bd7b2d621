import { deliverySchema, idSchema, replySchema } from '@mevrik/protocol';
import { z } from 'zod';
import { assertMayServe } from '../../commands/transfer.ts';
import { retryMessage } from '../../delivery/retry-message.ts';
import { listNotice, statusNotice } from '../../live/delivery-notices.ts';
import { notifier } from '../../live/publisher.ts';
import { listDeliveries } from '../../queries/deliveries.ts';
import { actorOf, staffOf, staffRoles } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { visibleApps } from './sessions.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });
/** A message goes over each of a customer's channels once. */
const mostDeliveries = 100;

/** What agents see of a message's way, and do about one that failed. */
export function deliveryRoutes(dependencies: HttpDeps): RoutePlugin {
  const { database, unitOfWork } = dependencies;
  const notify = notifier(dependencies);
  return (api) => {
    api.get(
      '/v1/messages/:id/deliveries',
      {
        config,
        schema: {
          tags,
          summary: 'How a message went through its channel, and through those it fell back to, newest first',
          params,
          response: { 200: z.object({ items: z.array(deliverySchema) }) },
        },
      },
      async (request) => {
        const { items } = await listDeliveries(database, {
          messageId: request.params.id,
          appIds: visibleApps(staffOf(request), undefined),
          limit: mostDeliveries,
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
          summary: 'Send a message that failed once more',
          params,
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
          causeOf(request),
        );
        const { id: messageId, appId, sessionId } = message;
        notify([
          statusNotice({ appId, messageId, sessionId, status: 'queued', isDoubtful }),
          listNotice(appId, 'deliveries'),
        ]);
        return reply.code(202).send({ message });
      },
    );
  };
}
