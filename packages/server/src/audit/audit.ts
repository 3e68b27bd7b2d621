import type { Sql } from '../db/sql.ts';

/** One entry of the audit log. It must not contain secrets or message texts. */
export interface AuditEntry {
  readonly appId: number | null;
  /** Who acted: `agent 7`, `customer 12`, `app 13`, `timeout`. */
  readonly actor: string;
  /** A noun and a verb, such as `case.close`. */
  readonly action: string;
  readonly target: string | null;
  readonly detail?: Record<string, unknown>;
}

/** Writes an entry. On a transaction's client, it commits together with the change it records. */
export async function writeAudit(sql: Sql, entry: AuditEntry): Promise<void> {
  await sql`
    INSERT INTO audit_entries (app_id, actor, action, target, detail)
    VALUES (${entry.appId}, ${entry.actor}, ${entry.action}, ${entry.target},
            ${JSON.stringify(entry.detail ?? {})}::jsonb)`;
}
