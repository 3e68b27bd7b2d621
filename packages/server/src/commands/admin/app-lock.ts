import { ProblemError } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { writeAudit } from '../../audit/audit.ts';
import { apps } from '../../db/schema.ts';
import type { ExpectedTags } from '../../domain/state-tag.ts';
import type { Tx } from '../../log/transaction.ts';

/** The actor, as recorded in the audit log: `agent 7`. */
export interface ActedBy {
  readonly actor: string;
}

/** The state that the actor expects to change. */
export interface TagPrecondition {
  readonly seen?: ExpectedTags;
}

/** Locks an app until the transaction ends. @throws ProblemError `not_found`. */
export async function lockApp(tx: Tx, appId: number): Promise<typeof apps.$inferSelect> {
  const [app] = await tx.orm.select().from(apps).where(eq(apps.id, appId)).for('update');
  if (!app) throw new ProblemError('not_found', 'App not found.');
  return app;
}

/** Records an administrative action on an app in the audit log. */
export function auditApp(
  tx: Tx,
  actor: string,
  action: string,
  appId: number,
  detail: Record<string, unknown> = {},
): Promise<void> {
  return writeAudit(tx.sql, { appId, actor, action, target: `app ${appId}`, detail });
}
