import type { Session } from '@mevrik/protocol';
import { ProblemError } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { hotSessions } from '../db/hot-tables.ts';
import { toSession } from '../db/models.ts';
import { contactIdentities, type SocialContext, sessions } from '../db/schema.ts';
import { formatPath, isValidSession, needsBump, nextExpiry, type SessionPath } from '../domain/session.ts';
import type { Tx } from '../log/transaction.ts';
import type { Contact } from './customers.ts';

/** A stored session, locked until the transaction ends, so that changes to it are serialised. */
export type LockedSession = typeof sessions.$inferSelect;

/**
 * The contact's valid session, locked. An invalid one (expired or ended) is replaced by a new one, and
 * `SessionCreatedEvent` is raised.
 */
export async function ensureSession(
  tx: Tx,
  app: AppProfile,
  contact: Contact,
  socialContext?: SocialContext,
): Promise<{ session: LockedSession; isNew: boolean }> {
  const active = await lockActive(tx, contact.conversationKey);
  if (active && isUsable(active)) {
    return { session: await updateSocialContext(tx, active, socialContext), isNew: false };
  }
  if (active) {
    await tx.orm.update(sessions).set({ status: 'expired' }).where(eq(sessions.id, active.id));
  }
  // Locked, so that a concurrent merge or deletion either sees this session too, or is visible here.
  const [owner] = await tx.orm
    .select({ customerId: contactIdentities.customerId })
    .from(contactIdentities)
    .where(eq(contactIdentities.id, contact.contactIdentityId))
    .for('share');
  if (!owner) throw new ProblemError('unauthenticated', 'This visitor no longer exists. Start a new visit.');
  const [created] = await tx.orm
    .insert(sessions)
    .values({
      appId: app.id,
      customerId: owner.customerId,
      contactIdentityId: contact.contactIdentityId,
      conversationKey: contact.conversationKey,
      channel: contact.channel,
      path: formatPath({ kind: 'bot' }),
      socialContext: socialContext ? { ...socialContext } : null,
      expiresAt: nextExpiry(new Date(), app.settings.sessionIdleMinutes),
    })
    .onConflictDoNothing()
    .returning();
  if (created) {
    tx.raise('SessionCreatedEvent', { sessionUser: toSession(created) });
    return { session: created, isNew: true };
  }
  const concurrent = await lockActive(tx, contact.conversationKey);
  if (!concurrent) throw new ProblemError('conflict', 'The session has changed. Try again.');
  return { session: concurrent, isNew: false };
}

/** Replies go to the customer's latest comment: a comment under another post replaces the earlier context. */
async function updateSocialContext(
  tx: Tx,
  session: LockedSession,
  next: SocialContext | undefined,
): Promise<LockedSession> {
  if (!next || next.commentId === session.socialContext?.commentId) return session;
  const before = session.socialContext;
  const post = next.postId !== undefined && next.postId === before?.postId ? before.post : undefined;
  const socialContext = { ...next, ...(post ? { post } : {}) };
  await tx.orm.update(sessions).set({ socialContext }).where(eq(sessions.id, session.id));
  return { ...session, socialContext };
}

/** Whether a session is valid: with an open case until the case is closed, otherwise until it expires. */
export function isUsable(session: LockedSession): boolean {
  if (session.status === 'active' && session.openCaseId !== null) return true;
  return isValidSession(session, new Date());
}

async function lockActive(tx: Tx, conversationKey: string): Promise<LockedSession | undefined> {
  const rest = "WHERE conversation_key = $1 AND status = 'active' FOR NO KEY UPDATE";
  const [row] = await hotSessions.select(tx.sql, rest, [conversationKey]);
  return row;
}

/**
 * Locks a session for a change. Every command does this first, so that commands cannot deadlock.
 *
 * @throws ProblemError `not_found`.
 */
export async function lockSession(tx: Tx, sessionId: number): Promise<LockedSession> {
  const [row] = await hotSessions.select(tx.sql, 'WHERE id = $1 FOR NO KEY UPDATE', [sessionId]);
  if (!row) throw new ProblemError('not_found', 'Session not found.');
  return row;
}

/**
 * Locks the session of a message as `lockSession` does, and marks the message as read: the step that the PRD calls
 * `postRead`.
 *
 * @throws ProblemError `not_found`.
 */
export async function lockSessionAndMarkRead(
  tx: Tx,
  message: { readonly id: number; readonly sessionId: number },
): Promise<LockedSession> {
  const read = 'WITH read AS (UPDATE messages SET read_at = now() WHERE id = $2)';
  const ids = [message.sessionId, message.id];
  const [row] = await hotSessions.select(tx.sql, 'WHERE id = $1 FOR NO KEY UPDATE', ids, read);
  if (!row) throw new ProblemError('not_found', 'Session not found.');
  return row;
}

/** What a step may change of a session. */
export interface SessionMove {
  readonly path: SessionPath;
  readonly agentType: Session['agentType'];
  readonly assignedAgentId?: number | null;
  readonly openCaseId?: number | null;
}

/** Moves a session and raises `SessionPathChangedEvent` where its path, agent or case changes. */
export async function moveSession(tx: Tx, session: LockedSession, move: SessionMove): Promise<LockedSession> {
  const path = formatPath(move.path);
  const next = {
    path,
    agentType: move.agentType,
    assignedAgentId: move.assignedAgentId === undefined ? session.assignedAgentId : move.assignedAgentId,
    openCaseId: move.openCaseId === undefined ? session.openCaseId : move.openCaseId,
  };
  const unchanged = (Object.keys(next) as (keyof typeof next)[]).every(
    (field) => next[field] === session[field],
  );
  if (unchanged) return session;
  await tx.orm.update(sessions).set(next).where(eq(sessions.id, session.id));
  const moved = { ...session, ...next };
  tx.raise('SessionPathChangedEvent', {
    sessionUser: toSession(moved),
    oldPath: session.path,
    newPath: path,
  });
  return moved;
}

/** Extends a session after activity. At most about one write a minute. */
export async function extendSession(tx: Tx, app: AppProfile, session: LockedSession): Promise<void> {
  const next = nextExpiry(new Date(), app.settings.sessionIdleMinutes);
  if (!needsBump(session.expiresAt, next)) return;
  await tx.orm
    .update(sessions)
    .set({ expiresAt: next, lastActivityAt: sql`now()` })
    .where(eq(sessions.id, session.id));
}
