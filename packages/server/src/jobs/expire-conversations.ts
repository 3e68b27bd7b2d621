import { releaseFiles } from '../attachments/file-claims.ts';
import { writeAudit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { timer } from './job.ts';

/** Sessions per transaction, so that none holds locks for long. */
const sessionsAtOnce = 100;
/** Transactions of one app before it is the turn of the next one. */
const transactionsAtOnce = 20;
/** How long a run takes at most; the rest follow in the next one. */
const maxRunMs = 45 * 60_000;
/** Emails per statement. */
const emailsAtOnce = 500;

/** Deletes what customers wrote, and who they are, once the retention period of their app has passed. */
export const expireConversations = timer({
  task: 'expire-conversations',
  summary: 'Deletes conversations and customers whose retention period has passed.',
  cron: '27 * * * *',
  async run({ database, conversationDays, stopping }) {
    const apps = await database.sql<{ id: number; days: number }[]>`
      SELECT id, coalesce((settings ->> 'conversationRetentionDays')::int, ${conversationDays}) AS days
      FROM apps ORDER BY id`;
    const until = performance.now() + maxRunMs;
    const mayGoOn = () => !stopping.aborted && performance.now() < until;
    let open = apps.filter(({ days }) => days > 0).map((app) => ({ ...app, sessions: 0 }));
    const touched = open;
    while (open.length > 0 && mayGoOn()) {
      const unfinished: typeof open = [];
      for (const app of open) if (await expireSome(database, app, mayGoOn)) unfinished.push(app);
      open = unfinished;
    }
    for (const { id: appId, days, sessions } of touched) {
      if (sessions === 0) continue;
      const detail = { sessions, days };
      await writeAudit(database.sql, { ...expiry, appId, detail });
    }
  },
});

const expiry = { actor: 'timeout', action: 'conversation.expire', target: null } as const;

/** An app whose conversations are deleted. */
interface ExpiringApp {
  readonly id: number;
  readonly days: number;
  /** How many sessions were deleted so far. */
  sessions: number;
}

/** Deletes some of what an app has to delete. @returns whether there may be more. */
async function expireSome({ sql }: Database, app: ExpiringApp, mayGoOn: () => boolean): Promise<boolean> {
  const { id: appId, days } = app;
  let [hasSessions, hasEmails] = [true, true];
  for (let count = 0; count < transactionsAtOnce && hasSessions && mayGoOn(); count++) {
    const deleted = await sql.begin((tx) => deleteSessions(tx, appId, days));
    app.sessions += deleted;
    hasSessions = deleted === sessionsAtOnce;
  }
  for (let count = 0; count < transactionsAtOnce && hasEmails && mayGoOn(); count++) {
    hasEmails = (await deleteEmails(sql, appId, days)) === emailsAtOnce;
  }
  return hasSessions || hasEmails;
}

/**
 * Deletes sessions with all that belongs to them, oldest first, and the customers who have none left. Those with
 * unfinished work stay: an open case, a reply on its way, an event that waits for a retry, a replay or a person.
 *
 * @returns how many.
 */
async function deleteSessions(tx: Sql, appId: number, days: number): Promise<number> {
  const sessions = await tx<{ id: number; customer_id: number; conversation_key: string }[]>`
    SELECT id, customer_id, conversation_key FROM sessions
    WHERE app_id = ${appId} AND status <> 'active' AND last_activity_at < now() - ${days} * interval '1 day'
      AND open_case_id IS NULL
      AND NOT EXISTS (SELECT FROM deliveries WHERE session_id = sessions.id AND status IN ('queued', 'sending'))
      AND NOT EXISTS (SELECT FROM parked_events WHERE key = conversation_key)
      AND NOT EXISTS (SELECT FROM replay_entries
                      WHERE key = conversation_key AND replay_entries.status IN ('waiting', 'dead'))
    ORDER BY last_activity_at LIMIT ${sessionsAtOnce} FOR UPDATE SKIP LOCKED`;
  if (sessions.length === 0) return 0;
  const ids = sessions.map(({ id }) => id);
  const files = await tx<{ id: string }[]>`
    SELECT DISTINCT file ->> 'fileId' AS id FROM messages, jsonb_array_elements(content -> 'attachments') AS file
    WHERE session_id = ANY (${ids}) AND content ? 'attachments' AND file ? 'fileId'`;
  await tx`DELETE FROM csat_surveys WHERE case_id IN (SELECT id FROM cases WHERE session_id = ANY (${ids}))`;
  await tx`DELETE FROM queue_items WHERE session_id = ANY (${ids})`;
  await tx`DELETE FROM cases WHERE session_id = ANY (${ids})`;
  await tx`DELETE FROM bot_turns WHERE session_id = ANY (${ids})`;
  await tx`DELETE FROM deliveries WHERE message_id IN (SELECT id FROM messages WHERE session_id = ANY (${ids}))`;
  await tx`DELETE FROM messages WHERE session_id = ANY (${ids})`;
  await tx`DELETE FROM sessions WHERE id = ANY (${ids})`;
  await releaseFiles(
    tx,
    files.map(({ id }) => id),
  );
  await deleteCustomers(tx, [...new Set(sessions.map((session) => session.customer_id))]);
  return sessions.length;
}

/** Deletes those of these customers who have no session left, with those who were merged into them. */
async function deleteCustomers(tx: Sql, ids: readonly number[]): Promise<void> {
  // A session that begins takes the identity first: one that has begun is visible to the next statement, and one that
  // begins later finds no identity.
  await tx`SELECT FROM contact_identities WHERE customer_id = ANY (${ids}) ORDER BY id FOR UPDATE`;
  const gone = await tx<{ id: number }[]>`
    SELECT id FROM customers WHERE id = ANY (${ids}) AND NOT EXISTS (SELECT FROM sessions WHERE customer_id = customers.id)`;
  if (gone.length === 0) return;
  const goneIds = gone.map(({ id }) => id);
  await tx`DELETE FROM contact_identities WHERE customer_id = ANY (${goneIds})`;
  await tx`
    WITH RECURSIVE merged (id) AS (
      SELECT unnest(${goneIds}::bigint[])
      UNION SELECT customers.id FROM customers JOIN merged ON merged_into = merged.id)
    DELETE FROM customers WHERE id IN (SELECT id FROM merged)`;
}

/** Deletes the sources of emails that are older than the first message that is left of their conversation. */
async function deleteEmails(sql: Sql, appId: number, days: number): Promise<number> {
  const gone = await sql`
    DELETE FROM inbound_emails WHERE id IN (
      SELECT id FROM inbound_emails AS email
      WHERE received_at < now() - ${days} * interval '1 day' AND app_id = ${appId} AND status <> 'received'
        AND received_at < coalesce((SELECT created_at FROM messages WHERE conversation_key = email.conversation_key
                                    ORDER BY id LIMIT 1), 'infinity')
      ORDER BY received_at LIMIT ${emailsAtOnce})
    RETURNING 1`;
  return gone.length;
}
