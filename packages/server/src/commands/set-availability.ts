import { eq } from 'drizzle-orm';
import { agents } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { scheduleAssignments } from '../state/queue-items.ts';

/** What an agent says of themselves at the desk. */
export interface SetAvailability {
  readonly agentId: number;
  readonly availability?: 'online' | 'away' | 'offline' | undefined;
  /** How many conversations they can serve at a time. */
  readonly capacity?: number | undefined;
}

/**
 * Stores an agent's availability and capacity; where that makes room, waiting conversations are assigned. What they
 * say themselves counts, whatever was noted of their desk.
 */
export async function setAvailability(tx: Tx, { agentId, ...changes }: SetAvailability): Promise<void> {
  const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  if (Object.keys(set).length === 0) return;
  const noted = changes.availability === undefined ? {} : { deskSeenAt: null, absentSince: null };
  await tx.orm
    .update(agents)
    .set({ ...set, ...noted })
    .where(eq(agents.id, agentId));
  await scheduleAssignments(tx, agentId);
}
