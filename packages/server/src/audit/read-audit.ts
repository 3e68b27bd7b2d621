import type { AuditRecord, AuditRecordPage } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { likePattern } from '../db/like-pattern.ts';
import { beforeId, encodePosition, type ListRequest, toListPage } from '../db/page.ts';
import type { Sql } from '../db/sql.ts';

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

/** The maximum number of entries read for one page if no index applies: parts of texts are searched one by one. */
const scanLimit = 20_000;

/** The audit log, newest first, with the names of agents. */
export async function listAudit(
  { sql }: Database,
  { appId, actor, action, target, since, until, search, ...page }: AuditFilter & ListRequest,
): Promise<AuditRecordPage> {
  const start = await firstSearched(sql, beforeId(page), until);
  const isSearch = (actor ?? target ?? search) !== undefined;
  const [floor] = isSearch
    ? await sql<{ id: number; at: string }[]>`
        SELECT id, at FROM audit_entries WHERE id < ${start} ORDER BY id DESC OFFSET ${scanLimit - 1} LIMIT 1`
    : [];
  const rows = await sql<AuditRecord[]>`
    SELECT entry.id, entry.app_id AS "appId", actor, agents.name AS "actorName", action, target, detail, at
    FROM audit_entries AS entry
    LEFT JOIN agents ON entry.actor ~ '^(agent|supervisor|admin) [0-9]{1,9}$'
                    AND agents.id = substring(entry.actor FROM '[0-9]{1,9}$')::integer
    WHERE entry.id < ${start} AND entry.id >= ${floor?.id ?? 0}
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
  const found = toListPage(rows, page.limit, (row) => row);
  const isSearched = !floor || (since !== undefined && Date.parse(floor.at) < Date.parse(since) - slackMs);
  if (found.next !== null || isSearched) return { ...found, searchedTo: null };
  return { ...found, next: encodePosition([floor.id]), searchedTo: floor.at };
}

/** Entries get their ids and their times in nearly the same order: a transaction may take this long. */
const slackMs = 10 * 60_000;

/** The id before which a page begins: newer entries than those of a period are skipped by the index on time. */
async function firstSearched(sql: Sql, before: number, until: string | undefined): Promise<number> {
  if (until === undefined) return before;
  const latest = new Date(Date.parse(until) + slackMs).toISOString();
  const [newest] = await sql<{ id: number }[]>`
    SELECT id FROM audit_entries WHERE at < ${latest}::timestamptz ORDER BY at DESC, id DESC LIMIT 1`;
  return Math.min(before, (newest?.id ?? 0) + 1);
}

/** The actions in the latest entries of the audit log. */
export async function listAuditActions({ sql }: Database): Promise<string[]> {
  // The latest entries are enough; a loose index scan would need an index for this query alone.
  const rows = await sql<{ action: string }[]>`
    SELECT DISTINCT action FROM (SELECT action FROM audit_entries ORDER BY id DESC LIMIT 10000) AS latest
    ORDER BY action`;
  return rows.map(({ action }) => action);
}

function pattern(part: string | undefined): string | null {
  return part === undefined ? null : likePattern(part);
}
