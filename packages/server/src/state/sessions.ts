import type { Session } from '@mevrik/protocol';
import { ProblemError } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { hotSessions } from '../db/hot-tables.ts';
import { toSession } from '../db/models.ts';
import { contactIdentities, sessions } from '../db/schema.ts';
import { formatPath, isValidSession, needsBump, nextExpiry, type SessionPath } from '../domain/session.ts';
import type { Tx } from '../log/transaction.ts';
import type { Contact } from './customers.ts';

/** A session as it is stored, locked until the transaction ends: all that happens to it happens one by one. */
export type LockedSession = typeof sessions.$inferSelect;

/** Where a conversation that began with social content came from. */
export interface SocialContext {
  readonly platform: string;
  readonly postId?: string | undefined;
  readonly commentId?: string | undefined;
  readonly postUrl?: string | undefined;
  /** What the post says and shows, once the provider has told. */
  readonly post?: { readonly text: string | null; readonly imageUrl: string | null } | undefined;
}

/**
 * The contact's valid session, locked; an invalid one (expired, ended) is replaced by a new one, for which
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
    return { session: await followSocialContext(tx, active, socialContext), isNew: false };
  }
  if (active) {
    await tx.orm.update(sessions).set({ status: 'expired' }).where(eq(sessions.id, active.id));
  }
  // Locked, so that a merge that goes on now moves this session too, or has told whose it is.
  const [owner] = await tx.orm
    .select({ customerId: contactIdentities.customerId })
    .from(contactIdentities)
    .where(eq(contactIdentities.id, contact.contactIdentityId))
    .for('share');
  const [created] = await tx.orm
    .insert(sessions)
    .values({
      appId: app.id,
      customerId: owner?.customerId ?? contact.customerId,
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
  const others = await lockActive(tx, contact.conversationKey);
  if (!others) throw new ProblemError('conflict', 'The session has changed. Try again.');
  return { session: others, isNew: false };
}

/** The answer goes to what the customer wrote last: under another post, it must not turn up below the first one. */
async function followSocialContext(
  tx: Tx,
  session: LockedSession,
  next: SocialContext | undefined,
): Promise<LockedSession> {
  if (!next || next.commentId === session.socialContext?.commentId) return session;
  const before = session.socialContext as SocialContext | null;
  const post = next.postId !== undefined && next.postId === before?.postId ? before.post : undefined;
  const socialContext = { ...next, ...(post ? { post } : {}) };
  await tx.orm.update(sessions).set({ socialContext }).where(eq(sessions.id, session.id));
  return { ...session, socialContext };
}

/** A session with an open case lasts until the case is closed; any other until it expires. */
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
 * Locks a session for a change. Every command does this first, so that they cannot wait for each other in a
 * circle.
 *
 * @throws ProblemError `not_found`.
 */
export async function lockSession(tx: Tx, sessionId: number): Promise<LockedSession> {
  const [row] = await hotSessions.select(tx.sql, 'WHERE id = $1 FOR NO KEY UPDATE', [sessionId]);
  if (!row) throw new ProblemError('not_found', 'Session not found.');
  return row;
}

/**
 * Locks the session of a message as `lockSession` does, and notes that the message was read: the step that the PRD
 * calls `postRead`.
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

/** What of a session a step may change; a change of path, person or case is told by an event. */
export interface SessionMove {
  readonly path: SessionPath;
  readonly agentType: Session['agentType'];
  readonly assignedAgentId?: number | null;
  readonly openCaseId?: number | null;
}

/** Sends a session another way and raises `SessionPathChangedEvent` when its path is another one now. */
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

/** Notes that something was written: the session lasts longer. Rarely more than one write a minute. */
export async function extendSession(tx: Tx, app: AppProfile, session: LockedSession): Promise<void> {
  const next = nextExpiry(new Date(), app.settings.sessionIdleMinutes);
  if (!needsBump(session.expiresAt, next)) return;
  await tx.orm
    .update(sessions)
    .set({ expiresAt: next, lastActivityAt: sql`now()` })
    .where(eq(sessions.id, session.id));
}
