import type { AuditRecord, Page } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';

/** Which entries of the audit log; absent fields match all. */
export interface AuditFilter {
  readonly appId?: number | undefined;
  /** Part of the actor, such as `agent 7`, or of the actor's name. */
  readonly actor?: string | undefined;
  /** An action such as `channel.put`, or a group of actions such as `channel`. */
  readonly action?: string | undefined;
  /** Part of the target. */
  readonly target?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Part of any field of the entry. */
  readonly search?: string | undefined;
}

/** The audit log, newest first, with the names of agents. */
export async function listAudit(
  { sql }: Database,
  { appId, actor, action, target, since, until, search, ...page }: AuditFilter & ListRequest,
): Promise<Page<AuditRecord>> {
  const rows = await sql<AuditRecord[]>`
    SELECT entry.id, entry.app_id AS "appId", actor, agents.name AS "actorName", action, target, detail, at
    FROM audit_entries AS entry
    LEFT JOIN agents ON entry.actor ~ '^(agent|supervisor|admin) [0-9]{1,9}$'
                    AND agents.id = substring(entry.actor FROM '[0-9]{1,9}$')::integer
    WHERE entry.id < ${beforeId(page)}
      AND (${appId ?? null}::integer IS NULL OR entry.app_id = ${appId ?? null}::integer)
      AND (${pattern(actor)}::text IS NULL OR actor ILIKE ${pattern(actor)} OR agents.name ILIKE ${pattern(actor)})
      AND (${action ?? null}::text IS NULL OR action = ${action ?? null}
           OR starts_with(action, ${action ?? null}::text || '.'))
      AND (${pattern(target)}::text IS NULL OR target ILIKE ${pattern(target)})
      AND (${since ?? null}::timestamptz IS NULL OR at >= ${since ?? null}::timestamptz)
      AND (${until ?? null}::timestamptz IS NULL OR at < ${until ?? null}::timestamptz)
      AND (${pattern(search)}::text IS NULL
           OR concat_ws(' ', actor, agents.name, action, target, detail::text) ILIKE ${pattern(search)})
    ORDER BY entry.id DESC LIMIT ${page.limit + 1}`;
  return toListPage(rows, page.limit, (row) => row);
}

/** The actions in the latest entries of the audit log. */
export async function listAuditActions({ sql }: Database): Promise<string[]> {
  // The latest entries are enough; a loose index scan would need an index for this query alone.
  const rows = await sql<{ action: string }[]>`
    SELECT DISTINCT action FROM (SELECT action FROM audit_entries ORDER BY id DESC LIMIT 10000) AS latest
    ORDER BY action`;
  return rows.map(({ action }) => action);
}

/** A LIKE pattern that matches texts containing the part literally. */
function pattern(part: string | undefined): string | null {
  return part === undefined ? null : `%${part.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
}
