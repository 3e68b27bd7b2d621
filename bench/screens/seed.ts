import type { Database } from '../../packages/server/src/db/database.ts';

/** The sizes of the lists. */
export const amounts = { conversations: 10_000, messages: 5_000, few: 100 } as const;

/**
 * Fills app 1: open conversations, a third of them in the queue with replies due, and one customer with years of
 * messages.
 *
 * @returns the sessions of that customer and of one with few messages.
 */
export async function seed({ sql }: Database): Promise<{ readonly long: number; readonly short: number }> {
  await sql`
    INSERT INTO customers (app_id, conversation_key, name)
    SELECT 1, '1/web:seeded-' || n, (ARRAY['Vera','Rafi','Sofia','Jonas','Amina','Chen'])[n % 6 + 1] || ' ' || n
    FROM generate_series(1, ${amounts.conversations}::int) n`;
  await sql`
    INSERT INTO contact_identities (app_id, customer_id, channel, contact_id, conversation_key)
    SELECT 1, id, 'web', 'seeded-' || id, conversation_key FROM customers`;
  await sql`
    INSERT INTO sessions (app_id, customer_id, contact_identity_id, conversation_key, channel, agent_type, path,
                          expires_at, last_activity_at)
    SELECT 1, customer_id, id, conversation_key, CASE WHEN id % 100 = 0 THEN 'shop' ELSE 'web' END, CASE WHEN id % 3 = 0 THEN 'live' ELSE 'bot' END,
           CASE WHEN id % 3 = 0 THEN 'live/support' ELSE 'bot' END, now() + interval '1 day', now() - id * interval '1 second'
    FROM contact_identities`;
  await sql`
    INSERT INTO cases (app_id, session_id, customer_id, conversation_key, first_reply_due_at)
    SELECT 1, id, customer_id, conversation_key, now() + (id % 90 - 30) * interval '1 minute'
    FROM sessions WHERE agent_type = 'live'`;
  await sql`UPDATE sessions SET open_case_id = cases.id FROM cases WHERE cases.session_id = sessions.id`;
  await sql`
    INSERT INTO queue_items (app_id, session_id, customer_id, case_id, conversation_key, queue, reason, created_at)
    SELECT 1, session_id, customer_id, id, conversation_key, 'support', 'handover', now() - id * interval '1 second'
    FROM cases`;
  await sql`
    INSERT INTO messages (app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type,
                          sender_type, content, delivery_status)
    SELECT 1, id, customer_id, conversation_key, 'web', 'text', n = 2, agent_type,
           CASE WHEN n = 2 THEN 'bot' ELSE 'customer' END,
           jsonb_build_object('text', 'Where is my parcel number ' || id || '-' || n || '?'), 'sent'
    FROM sessions, generate_series(1, 3) n`;
  const [long, short] = await sql<{ id: number }[]>`SELECT id::int FROM sessions ORDER BY id LIMIT 2`;
  for (const [session, count] of [
    [long, amounts.messages],
    [short, amounts.few],
  ] as const) {
    await sql`
      INSERT INTO messages (app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type,
                            sender_type, sender_name, content, delivery_status, created_at)
      SELECT 1, id, customer_id, conversation_key, 'web', 'text', n % 3 = 0, 'live',
             CASE WHEN n % 3 = 0 THEN 'agent' ELSE 'customer' END, CASE WHEN n % 3 = 0 THEN 'Kim' END,
             jsonb_build_object('text', 'Line ' || n || repeat(' and so on', n % 40)), 'read',
             now() - (${count}::int - n) * interval '1 hour'
      FROM sessions, generate_series(1, ${count}::int) n WHERE id = ${session?.id ?? 0}`;
  }
  await sql`ANALYZE`;
  return { long: long?.id ?? 0, short: short?.id ?? 0 };
}
