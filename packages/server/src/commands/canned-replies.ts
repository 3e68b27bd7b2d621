import {
  type CannedReply,
  type ChangeCannedReply,
  type NewCannedReply,
  ProblemError,
} from '@mevrik/protocol';
import { count, eq, sql } from 'drizzle-orm';
import { writeAudit } from '../audit/audit.ts';
import { isDuplicate } from '../db/database-errors.ts';
import { cannedReplies } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';

/** The most canned replies that an app can have: agents search them while a customer waits. */
const maxPerApp = 500;

/** The actor, as recorded in the audit log, and their permission check. */
interface By {
  readonly actor: string;
  /** @throws ProblemError `forbidden` without permission for the app. */
  readonly authorize: (appId: number) => void;
}

/**
 * Adds a canned reply to an app.
 * @throws ProblemError `conflict` where its shortcut is already in use.
 */
export async function addCannedReply(tx: Tx, by: By, reply: NewCannedReply): Promise<CannedReply> {
  by.authorize(reply.appId);
  const [existing] = await tx.orm
    .select({ count: count() })
    .from(cannedReplies)
    .where(eq(cannedReplies.appId, reply.appId));
  if ((existing?.count ?? 0) >= maxPerApp) {
    throw new ProblemError(
      'invalid_input',
      `An app can have at most ${maxPerApp} canned replies. Remove one first.`,
    );
  }
  const [added] = await orConflict(tx.orm.insert(cannedReplies).values(reply).returning());
  if (!added) throw new Error('The canned reply was not stored.');
  await audit(tx, by, 'canned-reply.add', added);
  return added;
}

/**
 * Changes a canned reply.
 * @throws ProblemError `not_found`, or `conflict` where its new shortcut is already in use.
 */
export async function changeCannedReply(
  tx: Tx,
  by: By,
  id: number,
  change: ChangeCannedReply,
): Promise<CannedReply> {
  await findOwn(tx, by, id);
  const [changed] = await orConflict(
    tx.orm
      .update(cannedReplies)
      .set({ ...change, updatedAt: sql`now()` })
      .where(eq(cannedReplies.id, id))
      .returning(),
  );
  if (!changed) throw gone();
  await audit(tx, by, 'canned-reply.change', changed);
  return changed;
}

/** Removes a canned reply. @throws ProblemError `not_found`. */
export async function removeCannedReply(tx: Tx, by: By, id: number): Promise<void> {
  const found = await findOwn(tx, by, id);
  await tx.orm.delete(cannedReplies).where(eq(cannedReplies.id, id));
  await audit(tx, by, 'canned-reply.remove', found);
}

async function findOwn(tx: Tx, by: By, id: number): Promise<CannedReply> {
  const [found] = await tx.orm.select().from(cannedReplies).where(eq(cannedReplies.id, id)).for('update');
  if (!found) throw gone();
  by.authorize(found.appId);
  return found;
}

const gone = () => new ProblemError('not_found', 'Canned reply not found.');

async function orConflict<Rows>(change: Promise<Rows>): Promise<Rows> {
  try {
    return await change;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new ProblemError('conflict', 'Another canned reply uses this shortcut.', {
      cause: error,
      fields: [{ path: 'shortcut', message: 'is already in use' }],
    });
  }
}

function audit(tx: Tx, { actor }: By, action: string, { id, appId, shortcut }: CannedReply): Promise<void> {
  return writeAudit(tx.sql, { appId, actor, action, target: `canned reply ${id}`, detail: { shortcut } });
}
