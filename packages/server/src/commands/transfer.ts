import { ProblemError, type Session } from '@mevrik/protocol';
import { and, eq, isNull } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { mayActFor, type StaffPrincipal } from '../auth/principal.ts';
import { toSession } from '../db/models.ts';
import { agentApps, agents } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { canTakeConversation, finishQueueItem, liveQueueItem } from '../state/queue-items.ts';
import { type LockedSession, lockSession, moveSession } from '../state/sessions.ts';
import { assignToAgent } from './assign-queue-item.ts';
import { requestAgent } from './request-agent.ts';

/** The target of a transfer. */
export type TransferTarget =
  | { readonly agentId: number }
  | { readonly queue: string; readonly skills?: readonly string[] | undefined }
  | { readonly bot: true };

/** A transfer to an agent, to a queue, or back to the bot. */
export interface TransferInput {
  readonly app: AppProfile;
  readonly sessionId: number;
  readonly by: StaffPrincipal;
  readonly to: TransferTarget;
  /** A note for the next agent. */
  readonly note?: string | undefined;
}

/**
 * Transfers a conversation. Its queue item becomes done; for a queue or an agent, a new one is created
 * (`QueueItemCreatedEvent`).
 *
 * @throws ProblemError `forbidden`, `session_ended`, `at_capacity`, or `invalid_input` for an agent without access to
 *   the app.
 */
export async function transfer(tx: Tx, { app, sessionId, by, to, note }: TransferInput): Promise<Session> {
  const session = await lockSession(tx, sessionId);
  assertMayServe(by, session);
  if (session.status !== 'active') throw new ProblemError('session_ended', 'The session has ended.');
  if ('agentId' in to) await assertHasAccess(tx, to.agentId, session.appId);
  await finishQueueItem(tx, session.id);
  if (note !== undefined) await addNote(tx, session, { type: 'agent', id: by.agentId, name: by.name }, note);
  if ('bot' in to) {
    const move = { path: { kind: 'bot' }, agentType: 'bot', assignedAgentId: null } as const;
    return toSession(await moveSession(tx, session, move));
  }
  const waiting = await requestAgent(tx, {
    app,
    session,
    reason: 'transfer',
    ...('queue' in to ? { queue: to.queue, skills: to.skills } : {}),
  });
  if ('queue' in to) return toSession(waiting);
  if (!(await canTakeConversation(tx, to.agentId, session.appId))) {
    throw new ProblemError('at_capacity', 'The agent is at capacity. Transfer to a queue instead.');
  }
  const item = await liveQueueItem(tx, session.id);
  if (!item) throw new Error('The queue item of the transfer does not exist.');
  return (await assignToAgent(tx, item, waiting, to.agentId)).session;
}

/**
 * Asserts that an agent may act in a session: it belongs to one of their apps and is assigned to them or to no one, or
 * they are a supervisor or administrator.
 * @throws ProblemError `forbidden`.
 */
export function assertMayServe(by: StaffPrincipal, session: LockedSession): void {
  if (!mayActFor(by, session.appId))
    throw new ProblemError('forbidden', 'This session belongs to another app.');
  const isAvailable = session.assignedAgentId === null || session.assignedAgentId === by.agentId;
  if (by.role === 'agent' && !isAvailable) {
    throw new ProblemError('forbidden', 'This conversation is assigned to another agent.');
  }
}

async function assertHasAccess(tx: Tx, agentId: number, appId: number): Promise<void> {
  const [agent] = await tx.orm
    .select({ role: agents.role, appId: agentApps.appId })
    .from(agents)
    .leftJoin(agentApps, and(eq(agentApps.agentId, agents.id), eq(agentApps.appId, appId)))
    .where(and(eq(agents.id, agentId), isNull(agents.disabledAt)));
  if (agent && (agent.role === 'admin' || agent.appId !== null)) return;
  throw new ProblemError('invalid_input', 'The agent has no access to this app.', {
    fields: [{ path: 'agentId', message: 'has no access to this app' }],
  });
}
