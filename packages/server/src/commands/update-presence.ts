import type { Tx } from '../log/transaction.ts';
import { scheduleAssignments } from '../state/queue-items.ts';

/** Who is at a desk now. */
export interface DeskPresence {
  readonly atDesk: readonly number[];
  /** After so long without a desk somebody is absent. */
  readonly minutes: number;
}

/**
 * Sets those away who are online by their own word but have no desk open any more, as when a laptop was closed, and
 * online again when they are back. Whoever never had a desk open, as with a front end of their own, is left alone.
 *
 * @returns the ids of those whose availability is another one now.
 */
export async function updatePresence(tx: Tx, { atDesk, minutes }: DeskPresence): Promise<number[]> {
  const back = await tx.sql<{ id: number }[]>`
    UPDATE agents SET availability = 'online', absent_since = NULL, desk_seen_at = now()
    WHERE id = ANY (${[...atDesk]}::int[]) AND absent_since IS NOT NULL AND disabled_at IS NULL
    RETURNING id`;
  await tx.sql`
    UPDATE agents SET desk_seen_at = now() WHERE id = ANY (${[...atDesk]}::int[]) AND availability = 'online'`;
  const gone = await tx.sql<{ id: number }[]>`
    UPDATE agents SET availability = 'away', absent_since = now()
    WHERE availability = 'online' AND desk_seen_at < now() - ${minutes} * interval '1 minute'
    RETURNING id`;
  for (const { id } of back) await scheduleAssignments(tx, id);
  return [...back, ...gone].map(({ id }) => id);
}
