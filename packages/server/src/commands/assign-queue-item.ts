import { ProblemError, type QueueItem, type Session } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import { mayActFor, type StaffPrincipal } from '../auth/principal.ts';
import { toQueueItem, toSession } from '../db/models.ts';
import { agents, cases, queueItems } from '../db/schema.ts';
import { type AssignmentStrategy, type Candidate, chooseAgent } from '../domain/assignment.ts';
import type { Tx } from '../log/transaction.ts';
import { canTakeConversation } from '../state/queue-items.ts';
import { type LockedSession, lockSession, moveSession } from '../state/sessions.ts';

type QueueItemRow = typeof queueItems.$inferSelect;

/**
 * Assigns a waiting conversation to the agent who takes it.
 *
 * @throws ProblemError `not_found`; `forbidden` for a queue item of another app; `already_taken`; `at_capacity`.
 */
export async function acceptQueueItem(
  tx: Tx,
  { queueItemId, agent }: { readonly queueItemId: number; readonly agent: StaffPrincipal },
): Promise<{ queueItem: QueueItem; session: Session }> {
  const { item, session } = await lockQueueItem(tx, queueItemId);
  if (!mayActFor(agent, item.appId))
    throw new ProblemError('forbidden', 'This queue item belongs to another app.');
  if (item.status === 'assigned' && item.assignedAgentId === agent.agentId) {
    return { queueItem: toQueueItem(item), session: toSession(session) };
  }
  if (item.status !== 'waiting') {
    throw new ProblemError('already_taken', 'Another agent has accepted it, or it has left the queue.');
  }
  if (!(await canTakeConversation(tx, agent.agentId, item.appId))) {
    throw new ProblemError(
      'at_capacity',
      'You are at capacity. Close a conversation or raise your capacity.',
    );
  }
  return assignToAgent(tx, item, session, agent.agentId);
}

/**
 * Assigns a waiting conversation to an agent by the app's strategy.
 * @returns false when no agent is available.
 */
export async function assignQueueItem(
  tx: Tx,
  { queueItemId, strategy }: { readonly queueItemId: number; readonly strategy: AssignmentStrategy },
): Promise<boolean> {
  const { item, session } = await lockQueueItem(tx, queueItemId);
  if (item.status !== 'waiting') return true;
  const candidates = await readCandidates(tx, item.appId);
  for (let tries = candidates.length; tries > 0; tries--) {
    const agentId = chooseAgent(strategy, candidates, { skills: item.skills });
    if (agentId === null) return false;
    if (await canTakeConversation(tx, agentId, item.appId)) {
      await assignToAgent(tx, item, session, agentId);
      return true;
    }
    const atCapacity = candidates.findIndex((candidate) => candidate.agentId === agentId);
    candidates.splice(atCapacity, 1);
  }
  return false;
}

/** Assigns a live queue item, with its case and its session, to an agent. */
export async function assignToAgent(
  tx: Tx,
  item: QueueItemRow,
  session: LockedSession,
  agentId: number,
): Promise<{ queueItem: QueueItem; session: Session }> {
  const [assigned] = await tx.orm
    .update(queueItems)
    .set({ status: 'assigned', assignedAgentId: agentId, assignedAt: sql`now()` })
    .where(eq(queueItems.id, item.id))
    .returning();
  if (!assigned) throw new ProblemError('conflict', 'The queue item has changed. Try again.');
  await tx.orm.update(cases).set({ assignedAgentId: agentId }).where(eq(cases.id, item.caseId));
  await tx.orm.update(agents).set({ lastAssignedAt: sql`now()` }).where(eq(agents.id, agentId));
  const moved = await moveSession(tx, session, {
    path: { kind: 'agent', agentId },
    agentType: 'live',
    assignedAgentId: agentId,
  });
  return { queueItem: toQueueItem(assigned), session: toSession(moved) };
}

/** Locks the session of a queue item, then reads the item: it cannot change until the transaction ends. */
async function lockQueueItem(tx: Tx, id: number): Promise<{ item: QueueItemRow; session: LockedSession }> {
  const [found] = await tx.orm
    .select({ sessionId: queueItems.sessionId })
    .from(queueItems)
    .where(eq(queueItems.id, id));
  if (!found) throw new ProblemError('not_found', 'Queue item not found.');
  const session = await lockSession(tx, found.sessionId);
  const [item] = await tx.orm.select().from(queueItems).where(eq(queueItems.id, id));
  if (!item) throw new ProblemError('not_found', 'Queue item not found.');
  return { item, session };
}

async function readCandidates(tx: Tx, appId: number): Promise<Candidate[]> {
  return tx.sql<Candidate[]>`
    SELECT id AS "agentId", availability, capacity, skills, last_assigned_at AS "lastAssignedAt",
           (SELECT count(*)::int FROM queue_items
            WHERE assigned_agent_id = agents.id AND status = 'assigned') AS assigned
    FROM agents JOIN agent_apps ON agent_apps.agent_id = agents.id
    WHERE agent_apps.app_id = ${appId} AND disabled_at IS NULL AND availability = 'online'`;
}
