import { expect } from 'vitest';
import type { TestProduct, Visitor } from './product.ts';

const dayMs = 86_400_000;

/**
 * Moves the events of a conversation into the past once all listeners have handled them. Their ids, which are in order of
 * time, move as well.
 */
export async function ageConversation(
  { database: { sql } }: Pick<TestProduct, 'database'>,
  { sessionId }: Pick<Visitor, 'sessionId'>,
  days: number,
): Promise<void> {
  const [session] = await sql<{ key: string }[]>`
    SELECT conversation_key AS key FROM sessions WHERE id = ${sessionId}`;
  const key = session?.key ?? '';
  const unhandled = () => sql`
    SELECT type, subscription FROM events JOIN checkpoints USING (partition)
    WHERE key = ${key} AND checkpoints."offset" < events."offset"`;
  await expect.poll(unhandled).toEqual([]);
  const older = (id: string) => `
    (lpad(to_hex(('x' || substr(replace(${id}::text, '-', ''), 1, 12))::bit(48)::bigint - ${days * dayMs}), 12, '0')
     || substr(replace(${id}::text, '-', ''), 13))::uuid`;
  await sql.unsafe(
    `UPDATE discarded_events SET event_id = ${older('event_id')} WHERE event_id IN (SELECT id FROM events WHERE key = $1)`,
    [key],
  );
  await sql.unsafe(`UPDATE parked_events SET event_id = ${older('event_id')} WHERE key = $1`, [key]);
  await sql.unsafe(
    `UPDATE events SET id = ${older('id')}, causation_id = ${older('causation_id')},
       occurred_at = occurred_at - interval '${days} days' WHERE key = $1`,
    [key],
  );
}
