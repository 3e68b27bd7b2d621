import {
  channelStateSchema,
  deliveryQuery,
  deliverySchema,
  idSchema,
  itemsOf,
  ProblemError,
  pageOf,
  requestAcceptedSchema,
  webhookEventPageSchema,
  webhookEventQuery,
  webhookEventSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { writeAudit } from '../../audit/audit.ts';
import { replayWebhook } from '../../commands/replay-webhook.ts';
import { scheduleProbe } from '../../delivery/channel-health.ts';
import { listNotice } from '../../live/delivery-notices.ts';
import {
  listChannelStates,
  listDeliveries,
  listWebhookEvents,
  requireWebhookEvent,
} from '../../queries/deliveries.ts';
import { actorOf, staffOf } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';

const reading = { access: ['admin', 'supervisor'] as const };
const acting = { access: ['admin'] as const };
const channelParams = z.strictObject({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)),
  name: z.string().min(1).max(64),
});

/** Deliveries with their attempts, and the health of channels. */
export function deliveryRecordRoutes({ database, unitOfWork, apps }: HttpDeps): RoutePlugin {
  const tags = ['deliveries'];
  return (api) => {
    api.get(
      '/v1/admin/deliveries',
      {
        config: reading,
        schema: {
          tags,
          summary: 'List deliveries with their attempts, newest first',
          querystring: deliveryQuery,
          response: { 200: pageOf(deliverySchema) },
        },
      },
      (request) => {
        const { appId, doubtful, ...filter } = request.query;
        const appIds = visibleApps(staffOf(request), appId);
        const isDoubtful = doubtful === undefined ? undefined : doubtful === 'true';
        return listDeliveries(database, { ...filter, appIds, isDoubtful });
      },
    );
    api.get(
      '/v1/admin/channels',
      {
        config: reading,
        schema: {
          tags,
          summary: 'List channels with their health; those that are down come first',
          response: { 200: itemsOf(channelStateSchema) },
        },
      },
      async (request) => ({
        items: await listChannelStates(database, visibleApps(staffOf(request), undefined)),
      }),
    );
    api.post(
      '/v1/admin/channels/:appId/:name/probe',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Check now whether a channel that is down is back',
          params: channelParams,
          response: { 202: requestAcceptedSchema },
        },
      },
      async (request, reply) => {
        const { appId, name: channel } = request.params;
        const app = await requireApp(apps, appId);
        if (!app.channels.has(channel)) throw new ProblemError('not_found', 'Channel not found.');
        await unitOfWork.run(async (tx) => {
          await scheduleProbe(tx, { appId, channel });
          const actor = actorOf(request);
          await writeAudit(tx.sql, { appId, actor, action: 'channel.probe', target: channel });
        });
        return reply.code(202).send({ accepted: true as const });
      },
    );
  };
}

/** Webhook events: their state, and handling one again. */
export function webhookRecordRoutes({ database, unitOfWork, apps, channels, notify }: HttpDeps): RoutePlugin {
  const tags = ['webhooks'];
  return (api) => {
    api.get(
      '/v1/admin/webhook-events',
      {
        config: acting,
        schema: {
          tags,
          summary: 'List webhook events, newest first, with the number in each state',
          querystring: webhookEventQuery,
          response: {
            200: webhookEventPageSchema,
          },
        },
      },
      (request) => {
        const { cursor, limit, ...filter } = request.query;
        return listWebhookEvents(database, filter, { cursor, limit });
      },
    );
    api.get(
      '/v1/admin/webhook-events/:id',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Get a webhook event as received',
          params: idParams,
          response: { 200: webhookEventSchema },
        },
      },
      (request) => requireWebhookEvent(database, request.params.id),
    );
    api.post(
      '/v1/admin/webhook-events/:id/replay',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Handle a webhook event again; its message is stored only once',
          params: idParams,
          response: { 202: requestAcceptedSchema },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { appId } = await requireWebhookEvent(database, id);
        const app = await requireApp(apps, appId);
        await unitOfWork.run(async (tx) => {
          await replayWebhook(tx, channels, app, id);
          const target = `webhook event ${id}`;
          await writeAudit(tx.sql, { appId, actor: actorOf(request), action: 'webhook.replay', target });
        });
        notify([listNotice(appId, 'webhook-events')]);
        return reply.code(202).send({ accepted: true as const });
      },
    );
  };
}
