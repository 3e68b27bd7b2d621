import type { AuditRecord } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { beforeId, type ListPage, type ListRequest, toListPage } from '../queries/page.ts';

/** Which entries of the audit trail; what is absent does not matter. */
export interface AuditFilter {
  readonly appId?: number | undefined;
  /** A part of who did it: `agent 7`, or of their name. */
  readonly actor?: string | undefined;
  /** What was done, as `channel.put`, or a whole family of it, as `channel`. */
  readonly action?: string | undefined;
  /** A part of what it was done to. */
  readonly target?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** A part of anything that the entry says. */
  readonly search?: string | undefined;
}

/** The audit trail, newest first, with the names of the people in it. */
export async function listAudit(
  { sql }: Database,
  { appId, actor, action, target, since, until, search, ...page }: AuditFilter & ListRequest,
): Promise<ListPage<AuditRecord>> {
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

/** The families of what is in the audit trail, as far as people may want to pick one. */
export async function listAuditActions({ sql }: Database): Promise<string[]> {
  // A loose index scan would need an index for this alone; the latest entries know the words.
  const rows = await sql<{ action: string }[]>`
    SELECT DISTINCT action FROM (SELECT action FROM audit_entries ORDER BY id DESC LIMIT 10000) AS latest
    ORDER BY action`;
  return rows.map(({ action }) => action);
}

/** What finds a part of a text, taken as it is written. */
function pattern(part: string | undefined): string | null {
  return part === undefined ? null : `%${part.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}
