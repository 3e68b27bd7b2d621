import { type Case, type CsatAnswer, type CsatSurvey, ProblemError } from '@mevrik/protocol';
import { and, desc, eq, sql } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { toSurvey } from '../db/models.ts';
import { cases, csatSurveys, messages } from '../db/schema.ts';
import { isEligibleForSurvey } from '../domain/csat.ts';
import type { Tx } from '../log/transaction.ts';
import { isUsable, type LockedSession, lockSession, moveSession } from '../state/sessions.ts';
import { openSurvey } from '../state/surveys.ts';

/**
 * Starts a satisfaction survey for a closed case, if its customer is eligible: raises `MevrikCSATStartEvent` and moves
 * the session to `csat`.
 *
 * @returns whether it was started.
 */
export async function startSurvey(tx: Tx, app: AppProfile, closed: Case): Promise<boolean> {
  const session = await lockSession(tx, closed.sessionId);
  const settings = app.settings.csat;
  const eligible = isEligibleForSurvey(
    {
      enabled: settings.enabled,
      hadAgentReply: await hadAgentReply(tx, closed.id),
      closedBy: closed.closedBy ?? 'automatic',
      disposition: closed.disposition,
      lastSurveyAt: await lastSurveyAt(tx, session.customerId),
      cooldownMinutes: settings.cooldownMinutes,
      sessionValid: isUsable(session) && session.openCaseId === null,
      skipDispositions: settings.skipDispositions,
    },
    new Date(),
  );
  if (!eligible) return false;
  const [row] = await tx.orm
    .insert(csatSurveys)
    .values({
      appId: closed.appId,
      caseId: closed.id,
      sessionId: closed.sessionId,
      customerId: session.customerId,
      conversationKey: closed.conversationKey,
      expiresAt: new Date(Date.now() + settings.expiryMinutes * 60_000).toISOString(),
    })
    .onConflictDoNothing()
    .returning();
  if (!row) return false;
  await moveSession(tx, session, { path: { kind: 'csat' }, agentType: 'bot', assignedAgentId: null });
  tx.raise('MevrikCSATStartEvent', { case: closed, survey: toSurvey(row) });
  return true;
}

/**
 * Stores a customer's answer to the survey of their session and moves the session back to the bot.
 *
 * @throws ProblemError `survey_closed` where the session has no open survey.
 */
export async function answerSurvey(
  tx: Tx,
  session: LockedSession,
  answer: CsatAnswer,
): Promise<{ survey: CsatSurvey; session: LockedSession }> {
  const open = await openSurvey(tx, session.id);
  if (!open) throw new ProblemError('survey_closed', 'There is no open survey to answer.');
  const [row] = await tx.orm
    .update(csatSurveys)
    .set({ status: 'answered', answer, answeredAt: sql`now()` })
    .where(eq(csatSurveys.id, open.id))
    .returning();
  if (!row) throw new Error('The answer was not stored.');
  return { survey: toSurvey(row), session: await leaveSurvey(tx, session) };
}

/** Expires a survey that was not answered in time; does nothing where it has been answered. */
export async function expireSurvey(tx: Tx, surveyId: number): Promise<void> {
  const [found] = await tx.orm.select().from(csatSurveys).where(eq(csatSurveys.id, surveyId));
  if (!found) return;
  const session = await lockSession(tx, found.sessionId);
  const [expired] = await tx.orm
    .update(csatSurveys)
    .set({ status: 'expired' })
    .where(and(eq(csatSurveys.id, surveyId), eq(csatSurveys.status, 'sent'), sql`expires_at <= now()`))
    .returning({ id: csatSurveys.id });
  if (expired) await leaveSurvey(tx, session);
}

/** Moves a session whose case was closed back to the bot, or to its open survey. */
export async function resetToBot(tx: Tx, sessionId: number): Promise<void> {
  const session = await lockSession(tx, sessionId);
  if (session.openCaseId !== null) return;
  const kind = (await openSurvey(tx, sessionId)) ? 'csat' : 'bot';
  await moveSession(tx, session, { path: { kind }, agentType: 'bot', assignedAgentId: null });
}

async function leaveSurvey(tx: Tx, session: LockedSession): Promise<LockedSession> {
  if (session.path !== 'csat') return session;
  return moveSession(tx, session, { path: { kind: 'bot' }, agentType: 'bot' });
}

async function hadAgentReply(tx: Tx, caseId: number): Promise<boolean> {
  const [row] = await tx.orm
    .select({ id: messages.id })
    .from(messages)
    .innerJoin(cases, eq(cases.id, caseId))
    .where(
      and(
        eq(messages.sessionId, cases.sessionId),
        eq(messages.caseId, caseId),
        eq(messages.senderType, 'agent'),
        eq(messages.isReply, true),
        sql`${messages.kind} <> 'note'`,
      ),
    )
    .limit(1);
  return row !== undefined;
}

async function lastSurveyAt(tx: Tx, customerId: number): Promise<string | null> {
  const [row] = await tx.orm
    .select({ createdAt: csatSurveys.createdAt })
    .from(csatSurveys)
    .where(eq(csatSurveys.customerId, customerId))
    .orderBy(desc(csatSurveys.createdAt))
    .limit(1);
  return row?.createdAt ?? null;
}
