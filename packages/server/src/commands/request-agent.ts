import type { Case, QueueItem } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { toCase, toQueueItem } from '../db/models.ts';
import { cases, queueItems } from '../db/schema.ts';
import { firstReplyDueAt } from '../domain/sla.ts';
import type { Tx } from '../log/transaction.ts';
import { liveQueueItem } from '../state/queue-items.ts';
import { type LockedSession, moveSession } from '../state/sessions.ts';

/** A conversation to hand over to an agent. */
export interface RequestAgent {
  readonly app: AppProfile;
  readonly session: LockedSession;
  readonly reason: QueueItem['reason'];
  readonly queue?: string | null | undefined;
  readonly priority?: Case['priority'] | null | undefined;
  readonly skills?: readonly string[] | undefined;
  readonly subject?: string | null | undefined;
}

/**
 * Adds a conversation to a queue: opens a case where none is open (`MevrikCaseCreatedEvent`), creates a queue item
 * (`QueueItemCreatedEvent`) and moves the session to the live desk (`SessionPathChangedEvent`). A conversation that is
 * already waiting or assigned stays where it is.
 */
export async function requestAgent(tx: Tx, request: RequestAgent): Promise<LockedSession> {
  const { app } = request;
  const queue = request.queue ?? app.settings.defaultQueue;
  const opened = await ensureCase(tx, request);
  if (await liveQueueItem(tx, request.session.id)) return request.session;
  const session = await moveSession(tx, request.session, {
    path: { kind: 'queue', queue },
    agentType: 'live',
    assignedAgentId: null,
    openCaseId: opened.caseId,
  });
  const [row] = await tx.orm
    .insert(queueItems)
    .values({
      appId: session.appId,
      sessionId: session.id,
      customerId: session.customerId,
      caseId: opened.caseId,
      conversationKey: session.conversationKey,
      queue,
      reason: request.reason,
      skills: [...(request.skills ?? [])],
      priority: request.priority ?? opened.priority,
    })
    .returning();
  if (!row) throw new Error('The queue item was not stored.');
  tx.raise('QueueItemCreatedEvent', { queueItem: toQueueItem(row) });
  return session;
}

async function ensureCase(
  tx: Tx,
  { app, session, priority, subject }: RequestAgent,
): Promise<{ caseId: number; priority: Case['priority'] }> {
  if (session.openCaseId !== null) {
    const [open] = await tx.orm.select().from(cases).where(eq(cases.id, session.openCaseId));
    if (open) return { caseId: open.id, priority: open.priority };
  }
  const casePriority = priority ?? 'normal';
  const [row] = await tx.orm
    .insert(cases)
    .values({
      appId: session.appId,
      sessionId: session.id,
      customerId: session.customerId,
      conversationKey: session.conversationKey,
      priority: casePriority,
      subject: subject ?? null,
      firstReplyDueAt: firstReplyDueAt(
        app.settings.sla.firstReplyMinutes,
        casePriority,
        Date.now(),
        app.settings.businessHours,
      ),
    })
    .returning();
  if (!row) throw new Error('The case was not stored.');
  tx.raise('MevrikCaseCreatedEvent', { case: toCase(row, 'live') });
  return { caseId: row.id, priority: row.priority };
}
