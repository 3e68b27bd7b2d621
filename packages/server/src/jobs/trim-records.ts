import { longestInLog } from '../archive/retention.ts';
import type { Sql } from '../db/sql.ts';
import { timer } from './job.ts';

/** Rows per statement, so that no statement holds locks for long. */
const rowsAtOnce = 1_000;
/** The maximum number of statements of each kind per run; the rest follow an hour later. */
const maxStatements = 500;

/** Deletes expired records of every kind that is not kept for good. */
export const trimRecords = timer({
  task: 'trim-records',
  summary: 'Deletes expired records and tokens.',
  cron: '17 * * * *',
  async run({ database: { sql }, archive, recordDays, auditDays, discardDeadLetters, stopping }) {
    // After a month, a used token counts as unknown, and no longer as stolen.
    await sql`
      DELETE FROM refresh_tokens
      WHERE expires_at < now() - interval '1 day' OR used_at < now() - interval '30 days'`;
    await discardDeadLetters();
    await sql`DELETE FROM bot_turns WHERE status <> 'waiting' AND created_at < now() - interval '7 days'`;
    await sql`DELETE FROM statistics WHERE step = 'minute' AND at < now() - interval '26 hours'`;
    await sql`DELETE FROM statistics WHERE at < now() - interval '35 days'`;
    // The last change of each part is its current state.
    await sql`
      DELETE FROM health_changes WHERE at < now() - interval '90 days'
        AND id NOT IN (SELECT max(id) FROM health_changes GROUP BY part)`;
    await sql`DELETE FROM observed_periods WHERE looked_at < now() - interval '90 days'`;
    await sql`DELETE FROM early_receipts WHERE received_at < now() - interval '1 hour'`;
    await sql`
      DELETE FROM pacing_lanes
      WHERE greatest(used_until, queued_until) < (extract(epoch FROM now()) - 86400) * 1000`;
    const inLog = await longestInLog(sql, archive.retention);
    const kept = [
      [trimOutcomes, inLog],
      [trimDiscards, inLog],
      [trimAudit, auditDays],
      [trimWebhookEvents, recordDays],
      [trimDeliveries, recordDays],
      [trimReplayEntries, recordDays],
      [trimReplays, recordDays],
      [trimWatermarks, recordDays],
      [trimFailedJobs, recordDays],
    ] as const;
    for (const [trim, days] of kept) {
      if (days === null) continue;
      for (let count = 0; count < maxStatements && !stopping.aborted; count++) {
        if ((await trim(sql, days)) < rowsAtOnce) break;
      }
    }
  },
});

/** Deletes up to `rowsAtOnce` rows. @returns how many. */
type Trim = (sql: Sql, days: number) => Promise<number>;

/**
 * What listeners did, a day after the last event of its time has left the log; not while the event is in the log again.
 * There are more of these than of all other records, so that more of them are deleted at once.
 */
const trimOutcomes: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM handled_batches WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM handled_batches
      WHERE finished_at < now() - ${days + 2} * interval '1 day'
        AND NOT EXISTS (SELECT FROM event_segments
                        WHERE loaded_until > now() AND finished_at >= first_at
                          AND finished_at < last_at + interval '1 day')
      ORDER BY finished_at LIMIT ${rowsAtOnce * 10}))`;
  return gone.count;
};

/** That a person discarded an event which is neither in the log nor in the archive. */
const trimDiscards: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM discarded_events WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM discarded_events
      WHERE discarded_at < now() - ${days} * interval '1 day'
        AND NOT EXISTS (SELECT FROM events WHERE events.id = event_id)
        AND NOT EXISTS (SELECT FROM event_segments WHERE first_id <= event_id AND last_id >= event_id)
      LIMIT ${rowsAtOnce}))`;
  return gone.count;
};

const trimAudit: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM audit_entries WHERE id IN (
      SELECT id FROM audit_entries WHERE at < now() - ${days} * interval '1 day' ORDER BY at LIMIT ${rowsAtOnce})`;
  return gone.count;
};

/**
 * Handled and ignored webhook events. Those of conversations with parked events or dead letters are kept, as they are
 * needed to investigate them.
 */
const trimWebhookEvents: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM webhook_event_logs WHERE id IN (
      SELECT id FROM webhook_event_logs AS record
      WHERE received_at < now() - ${days} * interval '1 day' AND status <> 'received'
        AND NOT EXISTS (SELECT FROM parked_events WHERE key = record.conversation_key)
        AND NOT EXISTS (SELECT FROM replay_entries
                        WHERE key = record.conversation_key AND replay_entries.status IN ('waiting', 'dead'))
      ORDER BY received_at LIMIT ${rowsAtOnce})
    RETURNING 1`;
  return gone.length;
};

/** Ended deliveries with their attempts, except those of such conversations. */
const trimDeliveries: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM deliveries WHERE id IN (
      SELECT record.id FROM deliveries AS record JOIN messages ON messages.id = record.message_id
      WHERE record.finished_at < now() - ${days} * interval '1 day' AND record.status NOT IN ('queued', 'sending')
        AND NOT EXISTS (SELECT FROM parked_events
                        WHERE key IN (record.conversation_key, messages.conversation_key))
        AND NOT EXISTS (SELECT FROM replay_entries
                        WHERE key IN (record.conversation_key, messages.conversation_key)
                          AND replay_entries.status IN ('waiting', 'dead'))
      ORDER BY record.finished_at LIMIT ${rowsAtOnce})
    RETURNING 1`;
  return gone.length;
};

/** How far customers have read. Replies of that time are settled, and later ones are not concerned. */
const trimWatermarks: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM receipt_watermarks WHERE conversation_key IN (
      SELECT conversation_key FROM receipt_watermarks
      WHERE greatest(delivered_until, read_until) < now() - ${days} * interval '1 day' LIMIT ${rowsAtOnce})`;
  return gone.count;
};

/** Jobs that failed every attempt. */
const trimFailedJobs: Trim = async (sql, days) => {
  const gone = await sql`
    SELECT FROM graphile_worker.complete_jobs(ARRAY(
      SELECT id FROM graphile_worker.jobs
      WHERE attempts >= max_attempts AND locked_at IS NULL AND updated_at < now() - ${days} * interval '1 day'
      LIMIT ${rowsAtOnce}))`;
  return gone.length;
};

/** Ended replays without dead letters: their entries first, as there can be millions. */
const trimReplayEntries: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM replay_entries WHERE ctid = ANY (ARRAY(
      SELECT replay_entries.ctid FROM replay_entries JOIN replays ON replays.id = replay_id
      WHERE created_at < now() - ${days} * interval '1 day'
        AND NOT EXISTS (SELECT FROM replay_entries AS open
                        WHERE open.replay_id = replays.id AND (open.status = 'waiting' OR open.status = 'dead'
                          -- Not if it was discarded.
                          AND EXISTS (SELECT FROM parked_events AS letter
                                      WHERE letter.event_id = open.event_id
                                        AND letter.subscription = open.subscription)))
      LIMIT ${rowsAtOnce}))
    RETURNING 1`;
  return gone.length;
};

const trimReplays: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM replays WHERE id IN (
      SELECT id FROM replays
      WHERE created_at < now() - ${days} * interval '1 day'
        AND NOT EXISTS (SELECT FROM replay_entries WHERE replay_id = replays.id)
      ORDER BY id LIMIT ${rowsAtOnce})
    RETURNING 1`;
  return gone.length;
};
