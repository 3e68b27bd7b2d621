import { eq } from 'drizzle-orm';
import { agents } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { scheduleAssignments } from '../state/queue-items.ts';

/** An agent's availability and capacity, as set at the desk. */
export interface SetAvailability {
  readonly agentId: number;
  readonly availability?: 'online' | 'away' | 'offline' | undefined;
  /** The most conversations assigned at a time. */
  readonly capacity?: number | undefined;
}

/**
 * Stores an agent's availability and capacity, and schedules assignments, since there may be capacity now. A new
 * availability overrides one that was set because the agent had no desk open.
 */
export async function setAvailability(tx: Tx, { agentId, ...changes }: SetAvailability): Promise<void> {
  const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  if (Object.keys(set).length === 0) return;
  const presence = changes.availability === undefined ? {} : { deskSeenAt: null, absentSince: null };
  await tx.orm
    .update(agents)
    .set({ ...set, ...presence })
    .where(eq(agents.id, agentId));
  await scheduleAssignments(tx, agentId);
}
