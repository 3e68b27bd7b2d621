import { type Case, ProblemError } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import type { StaffPrincipal } from '../auth/principal.ts';
import { toCase } from '../db/models.ts';
import { cases, sessions } from '../db/schema.ts';
import { checkDisposition } from '../domain/disposition.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { finishQueueItem } from '../state/queue-items.ts';
import { lockSession } from '../state/sessions.ts';
import { assertMayServe } from './transfer.ts';

/** Who closes a case: an agent, a timeout, or the system. */
export type ClosedBy = { readonly agent: StaffPrincipal } | 'timeout' | 'automatic';

/** A case to close. */
export interface CloseCaseInput {
  readonly app: AppProfile;
  readonly caseId: number;
  readonly by: ClosedBy;
  readonly disposition: string;
  /** The fields of the disposition, by name. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly note?: string | undefined;
}

/**
 * Closes a case and raises `MevrikCaseClosedEvent`, which resets its session to the bot and may start a survey. An
 * assigned queue item becomes done, a waiting one abandoned.
 *
 * @throws ProblemError `not_found`, `forbidden`, `case_closed`, or `invalid_input` for an unknown disposition or a
 *   missing required field.
 */
export async function closeCase(tx: Tx, closing: CloseCaseInput): Promise<Case> {
  const { app, caseId, by, disposition, fields = {}, note } = closing;
  const [found] = await tx.orm.select({ sessionId: cases.sessionId }).from(cases).where(eq(cases.id, caseId));
  if (!found) throw new ProblemError('not_found', 'Case not found.');
  const session = await lockSession(tx, found.sessionId);
  const agent = typeof by === 'object' ? by.agent : undefined;
  if (agent) assertMayServe(agent, session);
  const dispositionFields = agent ? assertDisposition(app, disposition, fields) : {};
  const [open] = await tx.orm.select().from(cases).where(eq(cases.id, caseId));
  if (open?.status !== 'open') throw new ProblemError('case_closed', 'The case is already closed.');
  if (agent && note !== undefined) {
    await addNote(tx, session, { type: 'agent', id: agent.agentId, name: agent.name }, note);
  }
  await finishQueueItem(tx, session.id, open.assignedAgentId === null ? 'abandoned' : 'done');
  const [closed] = await tx.orm
    .update(cases)
    .set({
      status: 'closed',
      disposition,
      dispositionFields,
      closedBy: typeof by === 'object' ? 'agent' : by,
      closedAt: sql`now()`,
      assignedAgentId: open.assignedAgentId ?? agent?.agentId ?? null,
    })
    .where(eq(cases.id, caseId))
    .returning();
  if (!closed) throw new Error('The case was not closed.');
  if (session.openCaseId === caseId) {
    await tx.orm.update(sessions).set({ openCaseId: null }).where(eq(sessions.id, session.id));
  }
  const data = toCase(closed, 'live');
  tx.raise('MevrikCaseClosedEvent', { case: data });
  return data;
}

function assertDisposition(
  app: AppProfile,
  disposition: string,
  fields: Readonly<Record<string, string>>,
): Record<string, string> {
  const checked = checkDisposition(app.settings.dispositions, disposition, fields);
  if ('fields' in checked) return checked.fields;
  const [first] = checked.errors;
  throw new ProblemError('invalid_input', `The case was not closed: ${first?.path} ${first?.message}.`, {
    fields: checked.errors,
  });
}
