import { and, eq, inArray, sql } from 'drizzle-orm';
import { agentApps, agents, queueItems } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';

/** The queue item of a session that is waiting or assigned. */
export async function liveQueueItem(
  tx: Tx,
  sessionId: number,
): Promise<typeof queueItems.$inferSelect | undefined> {
  const [row] = await tx.orm
    .select()
    .from(queueItems)
    .where(and(eq(queueItems.sessionId, sessionId), inArray(queueItems.status, ['waiting', 'assigned'])));
  return row;
}

/** Finishes the live queue item of a session, if it has one. */
export async function finishQueueItem(
  tx: Tx,
  sessionId: number,
  status: 'done' | 'abandoned' = 'done',
): Promise<void> {
  const item = await liveQueueItem(tx, sessionId);
  if (!item) return;
  await tx.orm.update(queueItems).set({ status, finishedAt: sql`now()` }).where(eq(queueItems.id, item.id));
}

/**
 * Whether an agent has access to an app, and capacity for one more conversation. Locks the agent: two assignments cannot
 * both use the last slot, nor one go to an agent who is losing access.
 */
export async function canTakeConversation(tx: Tx, agentId: number, appId: number): Promise<boolean> {
  const [agent] = await tx.orm
    .select({ capacity: agents.capacity, disabledAt: agents.disabledAt, role: agents.role })
    .from(agents)
    .where(eq(agents.id, agentId))
    .for('no key update');
  if (!agent || agent.disabledAt !== null) return false;
  const [now] = await tx.sql<{ assigned: number; isOfApp: boolean }[]>`
    SELECT (SELECT count(*)::int FROM queue_items
            WHERE assigned_agent_id = ${agentId} AND status = 'assigned') AS assigned,
           EXISTS (SELECT FROM agent_apps WHERE agent_id = ${agentId} AND app_id = ${appId}) AS "isOfApp"`;
  if (!now || (agent.role !== 'admin' && !now.isOfApp)) return false;
  return now.assigned < agent.capacity;
}

/** Schedules the assignment of waiting conversations in all apps of an agent. */
export async function scheduleAssignments(tx: Tx, agentId: number): Promise<void> {
  const apps = await tx.orm
    .select({ appId: agentApps.appId })
    .from(agentApps)
    .where(eq(agentApps.agentId, agentId));
  for (const { appId } of apps) await scheduleAssignment(tx, appId);
}

/** Schedules the assignment of an app's waiting conversations; several calls before it runs schedule it once. */
export async function scheduleAssignment(tx: Tx, appId: number): Promise<void> {
  await tx.addJob('assign-waiting', { appId }, { key: `assign-waiting ${appId}` });
}
