import type { Sql } from '../db/sql.ts';
import { timer } from './job.ts';

/** Rows that one statement deletes: it holds up nobody for long. */
const rowsAtOnce = 1_000;
/** Statements of one kind in one run; the next run, an hour later, takes the rest. */
const mostStatements = 500;

/** Deletes what has served its time: records of handled batches, used-up tokens, what came in and went out long ago. */
export const trimRecords = timer({
  task: 'trim-records',
  summary: 'Deletes records that have served their time, and tokens that are over.',
  cron: '17 * * * *',
  async run({ database: { sql }, recordDays, stopping }) {
    await sql`DELETE FROM handled_batches WHERE finished_at < now() - interval '7 days'`;
    await sql`DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'`;
    await sql`DELETE FROM bot_turns WHERE status <> 'waiting' AND created_at < now() - interval '7 days'`;
    await sql`DELETE FROM statistics WHERE step = 'minute' AND at < now() - interval '26 hours'`;
    await sql`DELETE FROM statistics WHERE at < now() - interval '35 days'`;
    // The last change of each part says how it is.
    await sql`
      DELETE FROM health_changes WHERE at < now() - interval '90 days'
        AND id NOT IN (SELECT max(id) FROM health_changes GROUP BY part)`;
    await sql`DELETE FROM observed_periods WHERE looked_at < now() - interval '90 days'`;
    await sql`
      DELETE FROM pacing_lanes
      WHERE greatest(used_until, queued_until) < (extract(epoch FROM now()) - 86400) * 1000`;
    for (const trim of [trimUpdates, trimDeliveries, trimReplayEntries, trimReplays]) {
      for (let count = 0; count < mostStatements && !stopping.aborted; count++) {
        if ((await trim(sql, recordDays)) < rowsAtOnce) break;
      }
    }
  },
});

/** Deletes some. @returns how many there were, up to `rowsAtOnce`. */
type Trim = (sql: Sql, days: number) => Promise<number>;

/**
 * Updates of providers of which something was made, or nothing. Those of a conversation that a person has to look
 * after stay: who looks into a dead letter wants to know what came in.
 */
const trimUpdates: Trim = async (sql, days) => {
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

/** Deliveries that have ended, with their attempts, but for those of such conversations. */
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

/** What replays are over altogether: their entries first, as there may be millions. */
const trimReplayEntries: Trim = async (sql, days) => {
  const gone = await sql`
    DELETE FROM replay_entries WHERE ctid = ANY (ARRAY(
      SELECT replay_entries.ctid FROM replay_entries JOIN replays ON replays.id = replay_id
      WHERE created_at < now() - ${days} * interval '1 day'
        AND NOT EXISTS (SELECT FROM replay_entries AS open
                        WHERE open.replay_id = replays.id AND open.status IN ('waiting', 'dead'))
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
