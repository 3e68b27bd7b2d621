import type { Tx } from '../log/transaction.ts';
import { scheduleAssignments } from '../state/queue-items.ts';

/** Which agents have a desk open now. */
export interface DeskPresence {
  readonly atDesk: readonly number[];
  /** An agent without an open desk for this many minutes counts as absent. */
  readonly minutes: number;
}

/**
 * Sets agents to away who are online but no longer have a desk open, as after closing a laptop, and back to online when
 * they return. Agents who never opened a desk, as with a front end of their own, are left alone.
 *
 * @returns the ids of the agents whose availability changed.
 */
export async function updatePresence(tx: Tx, { atDesk, minutes }: DeskPresence): Promise<number[]> {
  const returned = await tx.sql<{ id: number }[]>`
    UPDATE agents SET availability = 'online', absent_since = NULL, desk_seen_at = now()
    WHERE id = ANY (${[...atDesk]}::int[]) AND absent_since IS NOT NULL AND disabled_at IS NULL
    RETURNING id`;
  await tx.sql`
    UPDATE agents SET desk_seen_at = now() WHERE id = ANY (${[...atDesk]}::int[]) AND availability = 'online'`;
  const absent = await tx.sql<{ id: number }[]>`
    UPDATE agents SET availability = 'away', absent_since = now()
    WHERE availability = 'online' AND desk_seen_at < now() - ${minutes} * interval '1 minute'
    RETURNING id`;
  for (const { id } of returned) await scheduleAssignments(tx, id);
  return [...returned, ...absent].map(({ id }) => id);
}
