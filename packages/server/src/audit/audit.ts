import type { Sql } from '../db/sql.ts';

/** One line of the audit trail: who did what to what. Never a secret, never a message's text. */
export interface AuditEntry {
  readonly appId: number | null;
  /** `agent 7`, `customer 12`, `app 13`, `timeout`. */
  readonly actor: string;
  /** A verb with its noun before it, such as `case.close`. */
  readonly action: string;
  readonly target: string | null;
  readonly detail?: Record<string, unknown>;
}

/** Writes an entry; on a transaction's client it commits with what it tells of. */
export async function writeAudit(sql: Sql, entry: AuditEntry): Promise<void> {
  await sql`
    INSERT INTO audit_entries (app_id, actor, action, target, detail)
    VALUES (${entry.appId}, ${entry.actor}, ${entry.action}, ${entry.target},
            ${JSON.stringify(entry.detail ?? {})}::jsonb)`;
}
