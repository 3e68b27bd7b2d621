import {
  channelStateSchema,
  deliveryQuery,
  deliverySchema,
  idSchema,
  ProblemError,
  pageOf,
  webhookEventQuery,
  webhookEventSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { writeAudit } from '../../audit/audit.ts';
import { replayWebhook } from '../../commands/replay-webhook.ts';
import { scheduleProbe } from '../../delivery/channel-health.ts';
import { listNotice } from '../../live/delivery-notices.ts';
import { notifier } from '../../live/publisher.ts';
import {
  listChannelStates,
  listDeliveries,
  listWebhookEvents,
  requireWebhookEvent,
} from '../../queries/deliveries.ts';
import { actorOf, staffOf } from '../access.ts';
import { visibleApps } from '../desk/sessions.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const seeing = { access: ['admin', 'supervisor'] as const };
const acting = { access: ['admin'] as const };
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });
const place = z.strictObject({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)),
  name: z.string().min(1).max(64),
});

/** How messages get through: deliveries with their attempts, and the channels that they go over. */
export function deliveryRecordRoutes({ database, unitOfWork, apps }: HttpDeps): RoutePlugin {
  const tags = ['deliveries'];
  return (api) => {
    api.get(
      '/v1/admin/deliveries',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'Messages on their way through providers, newest first, with every attempt',
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
        config: seeing,
        schema: {
          tags,
          summary: 'All channels, and how they are doing: those that are down come first',
          response: { 200: z.object({ items: z.array(channelStateSchema) }) },
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
        schema: { tags, summary: 'Try at once whether a channel that is down is back', params: place },
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
        return reply.code(202).send({ accepted: true });
      },
    );
  };
}

/** The updates of providers: what was made of each, and once more from the beginning. */
export function webhookRecordRoutes({
  database,
  unitOfWork,
  apps,
  channels,
  ...more
}: HttpDeps): RoutePlugin {
  const notify = notifier(more);
  const tags = ['webhooks'];
  return (api) => {
    api.get(
      '/v1/admin/webhook-events',
      {
        config: acting,
        schema: {
          tags,
          summary: 'Updates of providers as they came in, newest first, and how many of each state',
          querystring: webhookEventQuery,
          response: {
            200: pageOf(webhookEventSchema).extend({ counts: z.record(z.string(), z.int()) }),
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
          summary: 'An update as it came in',
          params,
          response: { 200: webhookEventSchema },
        },
      },
      (request) => requireWebhookEvent(database, request.params.id),
    );
    api.post(
      '/v1/admin/webhook-events/:id/replay',
      {
        config: acting,
        schema: { tags, summary: 'Handle an update once more; its message is stored once', params },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { appId } = await requireWebhookEvent(database, id);
        const app = await requireApp(apps, appId);
        await unitOfWork.run(async (tx) => {
          await replayWebhook(tx, channels, app, id);
          const target = `update ${id}`;
          await writeAudit(tx.sql, { appId, actor: actorOf(request), action: 'webhook.replay', target });
        });
        notify([listNotice(appId, 'webhook-events')]);
        return reply.code(202).send({ accepted: true });
      },
    );
  };
}
