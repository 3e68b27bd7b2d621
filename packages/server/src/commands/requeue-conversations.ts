import { and, eq, sql } from 'drizzle-orm';
import type { AppDirectory } from '../apps/app-directory.ts';
import { agentApps, agents, queueItems } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { finishQueueItem, liveQueueItem } from '../state/queue-items.ts';
import { lockSession } from '../state/sessions.ts';
import { requestAgent } from './request-agent.ts';

/** Locks the sessions that are assigned to an agent: before the agent, as assignments do, so that neither deadlocks. */
export async function lockSessionsOf(tx: Tx, agentId: number): Promise<void> {
  const assigned = await tx.orm
    .select({ sessionId: queueItems.sessionId })
    .from(queueItems)
    .where(and(eq(queueItems.assignedAgentId, agentId), eq(queueItems.status, 'assigned')))
    .orderBy(queueItems.sessionId);
  for (const { sessionId } of assigned) await lockSession(tx, sessionId);
}

/**
 * Returns the conversations of an agent who may no longer serve them, because they are disabled or have lost access to
 * the app, to the queues that they came from, as a transfer does (`QueueItemCreatedEvent`). The agent must be locked.
 */
export async function requeueConversations(
  tx: Tx,
  { agentId, apps }: { readonly agentId: number; readonly apps: AppDirectory },
): Promise<void> {
  for (const item of await readLost(tx, agentId)) {
    const session = await lockSession(tx, item.sessionId);
    const current = await liveQueueItem(tx, session.id);
    const app = await apps.byId(item.appId);
    if (!app || current?.id !== item.id || current.assignedAgentId !== agentId) continue;
    await finishQueueItem(tx, session.id);
    const { queue, skills, priority } = item;
    await requestAgent(tx, { app, session, reason: 'transfer', queue, skills, priority });
  }
}

/** The queue items that are assigned to an agent without access to their app. */
function readLost(tx: Tx, agentId: number): Promise<(typeof queueItems.$inferSelect)[]> {
  const hasAccess = sql`EXISTS (
    SELECT FROM ${agents} WHERE ${agents.id} = ${agentId} AND ${agents.disabledAt} IS NULL
      AND (${agents.role} = 'admin' OR EXISTS (
        SELECT FROM ${agentApps}
        WHERE ${agentApps.agentId} = ${agents.id} AND ${agentApps.appId} = ${queueItems.appId})))`;
  return tx.orm
    .select()
    .from(queueItems)
    .where(
      and(eq(queueItems.assignedAgentId, agentId), eq(queueItems.status, 'assigned'), sql`NOT ${hasAccess}`),
    )
    .orderBy(queueItems.sessionId);
}
