import { type EventSegment, type Page, ProblemError } from '@mevrik/protocol';
import { writeAudit } from '../audit/audit.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';
import type { Sql } from '../db/sql.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';

/** A filter for segments of the archive; absent fields match all. */
export interface SegmentFilter {
  /** The apps visible to the caller; `null` for all. */
  readonly appIds: readonly number[] | null;
  /** Segments with events from this instant on. */
  readonly from?: string | undefined;
  /** Segments with events before this instant. */
  readonly until?: string | undefined;
  /** Segments that may contain this event. */
  readonly eventId?: string | undefined;
}

/** How long the events of a segment stay in the log once it is loaded. */
const loadedDays = 7;
/** The maximum number of segments of an app that are loaded at the same time. */
const maxLoaded = 100;

interface SegmentRow {
  readonly id: number;
  readonly app_id: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly events: number;
  readonly bytes: number;
  readonly status: EventSegment['status'];
  readonly loaded_until: string | null;
  readonly error: string | null;
  readonly archived_at: string;
}

/** Lists the segments of the archive, newest first. */
export async function listSegments(
  sql: Sql,
  filter: SegmentFilter,
  page: ListRequest,
): Promise<Page<EventSegment>> {
  const rows = await sql<SegmentRow[]>`
    SELECT ${segmentColumns(sql)} FROM event_segments
    WHERE ${matching(sql, filter)} AND id < ${beforeId(page)} ORDER BY id DESC LIMIT ${page.limit + 1}`;
  return toListPage(rows, page.limit, toSegment);
}

/** The number of archived events that match and are not in the log. */
export async function countArchived(sql: Sql, filter: SegmentFilter): Promise<number> {
  const [row] = await sql<{ events: number }[]>`
    SELECT coalesce(sum(events), 0)::bigint AS events FROM event_segments
    WHERE ${matching(sql, filter)} AND status <> 'loaded'`;
  return row?.events ?? 0;
}

/**
 * Has the events of a segment put back into the log for a week. Repeating it prolongs that time.
 *
 * @throws ProblemError `not_found`, or `conflict` when the app has too many loaded segments.
 */
export async function requestLoad(
  unitOfWork: UnitOfWork,
  {
    id,
    appIds,
    actor,
  }: { readonly id: number; readonly appIds: readonly number[] | null; readonly actor: string },
): Promise<EventSegment> {
  return unitOfWork.run(async ({ sql, addJob }) => {
    const [known] = await sql<SegmentRow[]>`
      SELECT ${segmentColumns(sql)} FROM event_segments WHERE id = ${id} AND status <> 'writing' FOR UPDATE`;
    if (!known || !(appIds?.includes(known.app_id) ?? true)) {
      throw new ProblemError('not_found', 'Archived events not found.');
    }
    const [counted] = await sql<{ loaded: number }[]>`
      SELECT count(*)::int AS loaded FROM event_segments
      WHERE app_id = ${known.app_id} AND status IN ('loading', 'loaded') AND id <> ${id}`;
    if (counted && counted.loaded >= maxLoaded) {
      throw new ProblemError(
        'conflict',
        `At most ${maxLoaded} days of an app’s archive can be loaded at once. Wait until one leaves the log, then try again.`,
      );
    }
    const [loading] = await sql<SegmentRow[]>`
      UPDATE event_segments
      SET status = 'loading', error = NULL, loaded_until = now() + ${loadedDays} * interval '1 day'
      WHERE id = ${id} RETURNING ${segmentColumns(sql)}`;
    const { app_id: appId, first_at: from, last_at: until } = known;
    await addJob('load-segment', { segmentId: id }, { key: `segment ${id}`, appId });
    const detail = { from, until, events: known.events };
    await writeAudit(sql, { appId, actor, action: 'archive.load', target: String(id), detail });
    return toSegment(loading ?? known);
  });
}

function segmentColumns(sql: Sql) {
  return sql`id, app_id, first_at, last_at, events, bytes, status, loaded_until, error, archived_at`;
}

function matching(sql: Sql, { appIds, from, until, eventId }: SegmentFilter) {
  return sql`
    status <> 'writing'
    AND (${appIds === null} OR app_id = ANY (${appIds ?? []}::int[]))
    AND (${from ?? null}::timestamptz IS NULL OR last_at >= ${from ?? null}::timestamptz)
    AND (${until ?? null}::timestamptz IS NULL OR first_at < ${until ?? null}::timestamptz)
    AND (${eventId ?? null}::uuid IS NULL
         OR (first_id <= ${eventId ?? null}::uuid AND last_id >= ${eventId ?? null}::uuid))`;
}

function toSegment(row: SegmentRow): EventSegment {
  const { id, app_id, first_at, last_at, events, bytes, status, loaded_until, error, archived_at } = row;
  return {
    id,
    appId: app_id,
    from: first_at,
    until: last_at,
    events,
    bytes,
    status,
    loadedUntil: loaded_until,
    error,
    archivedAt: archived_at,
  };
}
