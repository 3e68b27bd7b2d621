import { createStatisticsCounter } from '../../packages/server/src/observe/statistics-counter.ts';
import { storeStatistics } from '../../packages/server/src/observe/store-statistics.ts';
import type { TestProduct, Visitor } from './product.ts';

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const hourMs = 60 * minuteMs;
/** How often each kind of event happens per minute in the quietest hours. */
const kinds = [
  ['MessageReadyEvent', 9],
  ['MessageReplyReadyEvent', 7],
  ['SessionPathChangedEvent', 4],
  ['SessionCreatedEvent', 3],
  ['QueueItemCreatedEvent', 2],
  ['MevrikCaseCreatedEvent', 2],
  ['MevrikCaseClosedEvent', 2],
  ['MevrikCSATStartEvent', 1],
] as const;

/**
 * Gives a product the statistics of a past day: quiet at night, busy at noon, and slow and failing for
 * fifteen minutes, four hours ago.
 */
export async function storePastDay({ database }: TestProduct): Promise<void> {
  const end = Math.floor(Date.now() / minuteMs) * minuteMs - minuteMs;
  // A whole point of the chart of a day: spread over two points, it would be slow in neither.
  const illFrom = Math.floor((end - 4 * hourMs) / quarterMs) * quarterMs;
  let now = end - 25 * hourMs;
  const { dispatch, take } = createStatisticsCounter(() => now);
  const statistics = [];
  for (; now <= end; now += minuteMs) {
    const hoursAgo = (end - now) / hourMs;
    const isIll = now >= illFrom && now < illFrom + quarterMs;
    const busy = 1 + Math.max(0, Math.sin((hoursAgo / 24) * 2 * Math.PI));
    for (const [at, [type, each]] of kinds.entries()) {
      for (let time = 0; time < Math.round(each * busy); time++) {
        const lateMs = isIll ? 900 * (time + 1) : 8 + 7 * ((time + at) % 6) * busy;
        const event = { type, occurredAt: new Date(now - lateMs).toISOString() } as never;
        dispatch.broadcast([event]);
        dispatch.aged([event]);
      }
    }
    if (isIll) {
      dispatch.failed('HandleMessageReadyEvent');
      dispatch.parked('HandleMessageReadyEvent');
      if (Math.floor(now / minuteMs) % 5 === 0) dispatch.dead('HandleMessageReadyEvent');
    }
    statistics.push(...take());
  }
  await storeStatistics(database, statistics);
}

/** Gives a product cases of the last ten hours that agents accepted after some time, with customers' ratings. */
export async function storeTakenCases({ database: { sql } }: TestProduct, visitor: Visitor): Promise<void> {
  await sql`
    WITH past AS (
      SELECT id AS session_id, app_id, customer_id, conversation_key, now() - hours * interval '1 hour' AS since, hours
      FROM sessions, generate_series(1, 10) AS hours WHERE id = ${visitor.sessionId}
    ), closed AS (
      INSERT INTO cases (app_id, session_id, customer_id, conversation_key, status, created_at, closed_at, subject)
      SELECT app_id, session_id, customer_id, conversation_key, 'closed', since, since + interval '20 minutes', hours
      FROM past RETURNING id, subject::int AS hours
    ), taken AS (
      INSERT INTO queue_items (app_id, session_id, customer_id, case_id, conversation_key, queue, status, reason,
                               created_at, assigned_at, finished_at)
      SELECT app_id, session_id, customer_id, id, conversation_key, 'general', 'done', 'asked', since,
             since + (40 + 17 * (hours % 4)) * interval '1 second', since + interval '20 minutes'
      FROM past JOIN closed USING (hours)
    )
    INSERT INTO csat_surveys (app_id, case_id, session_id, customer_id, conversation_key, status, answer, answered_at,
                              expires_at, created_at)
    SELECT app_id, id, session_id, customer_id, conversation_key, 'answered',
           jsonb_build_object('score', 3 + hours % 3), since + interval '25 minutes', now() + interval '1 day', since
    FROM past JOIN closed USING (hours)`;
}

/**
 * Gives a product a week of health checks in which its channels were late once, and its events down and then
 * slow.
 */
export async function storePastIllness({ database: { sql } }: TestProduct): Promise<void> {
  await sql`
    UPDATE observed_periods SET began_at = now() - interval '8 days' WHERE id = (SELECT max(id) FROM observed_periods)`;
  await sql`
    INSERT INTO health_changes (part, status, reason, at)
    SELECT part, status, reason, now() - hours * interval '1 hour' FROM (VALUES
      ('channels', 'degraded', 'One channel is down. Replies are waiting.', 100),
      ('channels', 'ok', 'Broadcasts are on time and all channels are up.', 92),
      ('events', 'down', '100% of the log’s partitions have no owner.', 50),
      ('events', 'degraded', 'An event has been waiting for 40 seconds.', 47),
      ('events', 'ok', 'Events are handled without delay.', 46)) AS past (part, status, reason, hours)`;
}
