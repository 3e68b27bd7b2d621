import { ProblemError } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { writeAudit } from '../../audit/audit.ts';
import { apps } from '../../db/schema.ts';
import type { ExpectedTags } from '../../domain/state-tag.ts';
import type { Tx } from '../../log/transaction.ts';

/** Whose act it is, as it stands in the audit trail: `agent 7`. */
export interface ActedBy {
  readonly actor: string;
}

/** What whoever acts has seen of what they change. */
export interface Precondition {
  readonly seen?: ExpectedTags;
}

/** An app that nobody else changes until the transaction ends. @throws ProblemError `not_found`. */
export async function lockApp(tx: Tx, appId: number): Promise<typeof apps.$inferSelect> {
  const [app] = await tx.orm.select().from(apps).where(eq(apps.id, appId)).for('update');
  if (!app) throw new ProblemError('not_found', 'App not found.');
  return app;
}

/** Writes down what was done to an app. */
export function auditApp(
  tx: Tx,
  actor: string,
  action: string,
  appId: number,
  detail: Record<string, unknown> = {},
): Promise<void> {
  return writeAudit(tx.sql, { appId, actor, action, target: `app ${appId}`, detail });
}
