import type {
  ChannelState,
  Delivery,
  DeliveryAttempt,
  DeliveryState,
  Page,
  WebhookEvent,
} from '@mevrik/protocol';
import { ProblemError } from '@mevrik/protocol';
import { and, desc, eq, gt, inArray, lt } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';
import { deliveries, webhookEventLogs } from '../db/schema.ts';
import { countByStatus } from './count-by-status.ts';

/** The filter of a list of deliveries; `appIds` are the apps that the caller may see, `null` for all. */
export interface DeliveryFilter extends ListRequest {
  readonly appIds: readonly number[] | null;
  readonly channel?: string | undefined;
  readonly status?: DeliveryState | undefined;
  readonly sessionId?: number | undefined;
  readonly messageId?: number | undefined;
  readonly isDoubtful?: boolean | undefined;
}

/** Deliveries of replies through providers, newest first. */
export async function listDeliveries(database: Reader, filter: DeliveryFilter): Promise<Page<Delivery>> {
  const { appIds, channel, status, sessionId, messageId, isDoubtful } = filter;
  const rows = await database.orm
    .select()
    .from(deliveries)
    .where(
      and(
        lt(deliveries.id, beforeId(filter)),
        appIds === null ? undefined : inArray(deliveries.appId, [...appIds]),
        channel === undefined ? undefined : eq(deliveries.channel, channel),
        status === undefined ? undefined : eq(deliveries.status, status),
        sessionId === undefined ? undefined : eq(deliveries.sessionId, sessionId),
        messageId === undefined ? undefined : eq(deliveries.messageId, messageId),
        isDoubtful === undefined
          ? undefined
          : isDoubtful
            ? gt(deliveries.doubts, 0)
            : eq(deliveries.doubts, 0),
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(filter.limit + 1);
  const attempts = await readAttempts(
    database,
    rows.slice(0, filter.limit).map(({ id }) => id),
  );
  return toListPage(rows, filter.limit, (row) => toDelivery(row, attempts.get(row.id) ?? []));
}

/** The deliveries that these events caused, by event id. */
export async function deliveriesOfEvents(
  database: Reader,
  events: readonly { readonly id: string; readonly sessionId: number | null }[],
): Promise<ReadonlyMap<string, Delivery[]>> {
  const sessionIds = [...new Set(events.flatMap(({ sessionId }) => sessionId ?? []))];
  const rows = await database.orm
    .select()
    .from(deliveries)
    .where(
      and(
        inArray(deliveries.sessionId, sessionIds),
        inArray(
          deliveries.eventId,
          events.map(({ id }) => id),
        ),
      ),
    )
    .orderBy(deliveries.id)
    .limit(maxDeliveries);
  const attempts = await readAttempts(
    database,
    rows.map(({ id }) => id),
  );
  const byEvent = new Map<string, Delivery[]>();
  for (const row of rows) {
    const delivery = toDelivery(row, attempts.get(row.id) ?? []);
    byEvent.set(row.eventId, [...(byEvent.get(row.eventId) ?? []), delivery]);
  }
  return byEvent;
}

/** The most deliveries returned for a chain of events. */
const maxDeliveries = 200;

function toDelivery(row: typeof deliveries.$inferSelect, attempts: DeliveryAttempt[]): Delivery {
  return {
    id: row.id,
    appId: row.appId,
    messageId: row.messageId,
    sessionId: row.sessionId,
    customerId: row.customerId,
    channel: row.channel,
    contactId: row.contactId,
    comment: row.comment,
    status: row.status,
    doubts: row.doubts,
    error: row.error,
    fallbackOf: row.fallbackOf,
    createdAt: row.createdAt,
    sentAt: row.sentAt,
    finishedAt: row.finishedAt,
    nextAttemptAt: row.status === 'queued' ? row.nextAttemptAt : null,
    attempts,
  };
}

/** The most attempts returned for a delivery: its last ones. */
const maxAttempts = 50;

async function readAttempts(
  database: Reader,
  ids: readonly number[],
): Promise<ReadonlyMap<number, DeliveryAttempt[]>> {
  const rows = await database.sql<({ deliveryId: string; id: string } & Omit<DeliveryAttempt, 'id'>)[]>`
    SELECT delivery_id AS "deliveryId", id, part, outcome, error, external_id AS "externalId", decision,
           started_at AS "startedAt", finished_at AS "finishedAt"
    FROM (SELECT *, row_number() OVER (PARTITION BY delivery_id ORDER BY id DESC) AS rank
          FROM delivery_attempts WHERE delivery_id = ANY (${[...ids]}::bigint[])) AS attempt
    WHERE rank <= ${maxAttempts} ORDER BY id`;
  const byDelivery = new Map<number, DeliveryAttempt[]>();
  for (const { deliveryId, id, startedAt, finishedAt, ...attempt } of rows) {
    const known = byDelivery.get(Number(deliveryId)) ?? [];
    const times = { startedAt: toIso(startedAt), finishedAt: finishedAt && toIso(finishedAt) };
    byDelivery.set(Number(deliveryId), [...known, { ...attempt, ...times, id: Number(id) }]);
  }
  return byDelivery;
}

function toIso(instant: string): string {
  return new Date(instant).toISOString();
}

/** The state of the channels of some apps; `null`: of all apps. */
export async function listChannelStates(
  { sql }: Reader,
  appIds: readonly number[] | null,
): Promise<ChannelState[]> {
  const rows = await sql<ChannelState[]>`
    SELECT channels.app_id AS "appId", apps.name AS "appName", channels.name, channels.kind, channels.enabled,
           coalesce(health.is_down, false) AS "isDown", health.reason, health.since,
           CASE WHEN health.is_down THEN health.probe_at END AS "probeAt",
           CASE WHEN health.paused_until > now() THEN health.paused_until END AS "pausedUntil",
           (SELECT count(*)::int FROM deliveries WHERE deliveries.app_id = channels.app_id
              AND deliveries.channel = channels.name AND status IN ('queued', 'sending')) AS waiting,
           coalesce(day.sent, 0)::int AS sent, coalesce(day.failed, 0)::int AS failed,
           coalesce(day.doubtful, 0)::int AS doubtful,
           greatest((SELECT max(received_at) FROM webhook_event_logs AS webhook_event
                       WHERE webhook_event.app_id = channels.app_id AND webhook_event.channel = channels.name),
                    (SELECT max(received_at) FROM inbound_emails AS email
                       WHERE email.app_id = channels.app_id AND email.channel = channels.name)) AS "receivedAt"
    FROM channels
    JOIN apps ON apps.id = channels.app_id
    LEFT JOIN channel_health AS health ON health.app_id = channels.app_id AND health.channel = channels.name
    LEFT JOIN (
      SELECT app_id, channel, count(*) FILTER (WHERE status IN ('sent', 'delivered', 'read')) AS sent,
             count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE doubts > 0) AS doubtful
      FROM deliveries WHERE created_at > now() - interval '1 day' GROUP BY 1, 2
    ) AS day ON day.app_id = channels.app_id AND day.channel = channels.name
    WHERE ${appIds === null} OR channels.app_id = ANY (${appIds === null ? [] : [...appIds]}::int[])
    ORDER BY coalesce(health.is_down, false) DESC, channels.app_id, channels.name`;
  return rows.map(({ since, probeAt, pausedUntil, receivedAt, ...row }) => ({
    ...row,
    since: since && toIso(since),
    probeAt: probeAt && toIso(probeAt),
    pausedUntil: pausedUntil && toIso(pausedUntil),
    receivedAt: receivedAt && toIso(receivedAt),
  }));
}

/** Why channels of these apps are down, by app and channel name. */
export async function readDownReasons(
  database: Reader,
  appIds: readonly number[],
): Promise<(appId: number, channel: string) => string | null> {
  const rows = await database.sql<{ app_id: number; channel: string; reason: string }[]>`
    SELECT app_id, channel, coalesce(reason, 'The provider is unavailable.') AS reason FROM channel_health
    WHERE is_down AND app_id = ANY (${[...appIds]}::int[])`;
  return (appId, channel) =>
    rows.find((row) => row.app_id === appId && row.channel === channel)?.reason ?? null;
}

/** The number of channels that are down. */
export async function countDown({ sql }: Reader): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`SELECT count(*)::int AS count FROM channel_health WHERE is_down`;
  return row?.count ?? 0;
}

/** The number of deliveries that are waiting. */
export async function countWaiting({ sql }: Reader): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM deliveries WHERE status IN ('queued', 'sending')`;
  return row?.count ?? 0;
}

/** The filter of a list of webhook events. */
export interface WebhookEventFilter {
  readonly appId?: number | undefined;
  readonly channel?: string | undefined;
  readonly provider?: string | undefined;
  readonly status?: WebhookEvent['status'] | undefined;
}

/** Webhook events, newest first, and their counts by status. */
export async function listWebhookEvents(
  reader: Reader,
  { appId, channel, provider, status }: WebhookEventFilter,
  page: ListRequest,
): Promise<Page<WebhookEvent> & { readonly counts: Record<string, number> }> {
  const ofChannel = [
    ...(appId === undefined ? [] : [eq(webhookEventLogs.appId, appId)]),
    ...(channel === undefined ? [] : [eq(webhookEventLogs.channel, channel)]),
    ...(provider === undefined ? [] : [eq(webhookEventLogs.provider, provider)]),
  ];
  const wanted = status === undefined ? ofChannel : [...ofChannel, eq(webhookEventLogs.status, status)];
  const [rows, counts] = await Promise.all([
    reader.orm
      .select()
      .from(webhookEventLogs)
      .where(and(lt(webhookEventLogs.id, beforeId(page)), ...wanted))
      .orderBy(desc(webhookEventLogs.id))
      .limit(page.limit + 1),
    countByStatus(reader, webhookEventLogs, webhookEventLogs.status, {
      statuses: webhookEventLogs.status.enumValues,
      where: and(...ofChannel),
    }),
  ]);
  return { ...toListPage(rows, page.limit, (row) => row), counts };
}

/** A webhook event by id. @throws ProblemError `not_found`. */
export async function requireWebhookEvent({ orm }: Reader, id: number): Promise<WebhookEvent> {
  const [row] = await orm.select().from(webhookEventLogs).where(eq(webhookEventLogs.id, id));
  if (!row) throw new ProblemError('not_found', 'Webhook event not found.');
  return row;
}
