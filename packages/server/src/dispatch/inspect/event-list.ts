import { type EventOutcome, type ListedEvent, type LoggedEventPage, ProblemError } from '@mevrik/protocol';
import { likePattern } from '../../db/like-pattern.ts';
import type { Sql, Statement } from '../../db/sql.ts';
import { idAfter, idBefore } from '../../log/event-ids.ts';
import { type EventRow, eventColumns, toEvent } from '../../log/log.ts';
import { type LogPosition, readLogEnd, readLogPosition, writeLogPosition } from '../../log/log-position.ts';

/** A filter for events; absent fields match all. */
export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly sessionId?: number | undefined;
  /** The apps visible to the caller; `null` for all. */
  readonly appIds: readonly number[] | null;
  readonly correlationId?: string | undefined;
  readonly outcome?: EventOutcome | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** A substring of the data or the key, or an ID. */
  readonly text?: string | undefined;
  /** Only events appended after this position of the log. */
  readonly after?: string | undefined;
  /** The last event of the previous page, or the end of its scan: IDs are UUIDv7, so older ones are smaller. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** A listener and one of the event types it subscribes to. */
export interface ListenerEvent {
  readonly subscription: string;
  readonly type: string;
}

/**
 * The maximum number of events scanned for one page if no index applies. A search for a rare word in a long log then
 * continues page by page without overloading the database.
 */
const scanLimit = 10_000;

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Lists events, newest first, with the outcome of each. */
export async function listEvents(
  sql: Sql,
  filter: EventFilter,
  listenerEvents: readonly ListenerEvent[],
): Promise<LoggedEventPage> {
  const { sessionId, before } = filter;
  const key = filter.key ?? (sessionId === undefined ? undefined : await keyOfSession(sql, sessionId));
  const end = await readLogEnd(sql);
  const after = filter.after === undefined ? null : readLogPosition(filter.after, end.epoch);
  // What is appended from now on comes after the position that the first page returns.
  const upTo = before === undefined ? end : null;
  const position = upTo && writeLogPosition(upTo);
  const indexed = sql`${indexedConditions(sql, { ...filter, key })} AND ${between(sql, after, upTo)}`;
  const others = otherConditions(sql, filter, listenerEvents);
  const [floor] = others.areMany
    ? await sql<{ id: string; occurred_at: string }[]>`
        SELECT id, occurred_at FROM events WHERE ${indexed} ORDER BY id DESC OFFSET ${scanLimit - 1} LIMIT 1`
    : [];
  const rows = await sql<(EventRow & { outcome: EventOutcome })[]>`
    SELECT ${eventColumns(sql)}, ${outcomeOf(sql, listenerEvents)} AS outcome FROM events
    WHERE ${indexed} AND (${floor?.id ?? null}::uuid IS NULL OR id >= ${floor?.id ?? null}::uuid) AND ${others.sql}
    ORDER BY id DESC LIMIT ${filter.limit + 1}`;
  // Afterwards, so that what was removed before the rows were read is known.
  if (after) await assertComplete(sql, after);
  const items = rows.slice(0, filter.limit).map(toListed);
  if (rows.length > filter.limit)
    return { items, next: items.at(-1)?.id ?? null, searchedTo: null, position };
  return { items, next: floor?.id ?? null, searchedTo: floor?.occurred_at ?? null, position };
}

/**
 * Checks that no event after a position was archived or deleted.
 *
 * @throws ProblemError `position_expired`.
 */
async function assertComplete(sql: Sql, { offsets }: LogPosition): Promise<void> {
  const trimmed = await sql<{ partition: number; offset: number }[]>`
    SELECT partition, "offset" FROM trimmed_partitions`;
  if (trimmed.every(({ partition, offset }) => offset <= (offsets[partition] ?? 0))) return;
  throw new ProblemError(
    'position_expired',
    'Some events since this position are no longer in the log. Start without a position.',
  );
}

/** Conditions that use indexes: type, key, correlation, time, and parked events, which are few. */
function indexedConditions(sql: Sql, filter: EventFilter) {
  const { types, key, correlationId, outcome, from, until, before, text } = filter;
  const id = text !== undefined && uuid.test(text) ? text : null;
  const stuck = outcome === 'dead' ? 'dead' : outcome === 'parked' ? 'waiting' : null;
  return sql`
    (${types === undefined} OR type = ANY(${types ?? []}::text[]))
    AND (${key ?? null}::text IS NULL OR key = ${key ?? null})
    AND (${correlationId ?? null}::uuid IS NULL OR correlation_id = ${correlationId ?? null}::uuid)
    AND (${id}::uuid IS NULL OR id = ${id}::uuid OR correlation_id = ${id}::uuid)
    AND (${from ?? null}::timestamptz IS NULL
         OR (id > ${from ? idBefore(from) : null}::uuid AND occurred_at >= ${from ?? null}::timestamptz))
    AND (${until ?? null}::timestamptz IS NULL
         OR (id < ${until ? idAfter(until) : null}::uuid AND occurred_at < ${until ?? null}::timestamptz))
    AND (${before ?? null}::uuid IS NULL OR id < ${before ?? null}::uuid)
    ${stuck === null ? sql`` : sql`AND ${isAmong(sql, sql`parked_events WHERE status = ${stuck} AND replay_id IS NULL`)}`}
    ${outcome === 'discarded' ? sql`AND ${isAmong(sql, sql`discarded_events`)}` : sql``}`;
}

/** Whether an event is among few: as an array, so that these are looked up instead of all events. */
function isAmong(sql: Sql, few: Statement) {
  return sql`id = ANY (ARRAY(SELECT event_id FROM ${few}))`;
}

/** The events after one position, up to another; both exact, since offsets are assigned in the order of commits. */
function between(sql: Sql, after: LogPosition | null, upTo: LogPosition | null) {
  return sql`
    (${upTo === null} OR "offset" <= (${upTo?.offsets ?? []}::bigint[])[partition + 1])
    AND ${
      after === null
        ? sql`true`
        : sql`id IN (
            SELECT newer.id FROM unnest(${after.offsets}::bigint[]) WITH ORDINALITY AS reached (newest, number)
            JOIN events AS newer ON newer.partition = number - 1 AND newer."offset" > newest)`
    }`;
}

/** Conditions that are checked event by event. */
function otherConditions(sql: Sql, filter: EventFilter, listenerEvents: readonly ListenerEvent[]) {
  const { sessionId, appIds, outcome, text } = filter;
  const word = text !== undefined && !uuid.test(text) ? text : undefined;
  // The data is searched as JSON text, in which quotes and line breaks are escaped.
  const inData = word === undefined ? null : likePattern(JSON.stringify(word).slice(1, -1));
  const inKey = word === undefined ? null : likePattern(word);
  return {
    areMany: sessionId !== undefined || appIds !== null || outcome !== undefined || word !== undefined,
    sql: sql`
      (${sessionId ?? null}::bigint IS NULL OR session_id = ${sessionId ?? null}::bigint)
      AND (${appIds === null} OR app_id = ANY(${appIds ?? []}::int[]))
      AND (${inData}::text IS NULL OR data::text ILIKE ${inData} OR key ILIKE ${inKey})
      AND (${outcome ?? null}::text IS NULL OR ${outcomeOf(sql, listenerEvents)} = ${outcome ?? null})`,
  };
}

/** All events of a session have one key, which is the first column of an index. */
async function keyOfSession(sql: Sql, sessionId: number): Promise<string> {
  const [session] = await sql<{ conversation_key: string }[]>`
    SELECT conversation_key FROM sessions WHERE id = ${sessionId}`;
  return session?.conversation_key ?? '';
}

/** The worst outcome of an event among its listeners, without replays. */
function outcomeOf(sql: Sql, listenerEvents: readonly ListenerEvent[]) {
  const subscriptions = listenerEvents.map(({ subscription }) => subscription);
  const types = listenerEvents.map(({ type }) => type);
  const parked = sql`
    SELECT FROM parked_events AS parked WHERE parked.event_id = events.id AND parked.replay_id IS NULL`;
  return sql`
    CASE
      WHEN EXISTS (${parked} AND status = 'dead') THEN 'dead'
      WHEN EXISTS (${parked}) THEN 'parked'
      WHEN EXISTS (
        SELECT FROM unnest(${subscriptions}::text[], ${types}::text[]) AS listener_event (subscription, event_type)
        JOIN checkpoints USING (subscription)
        WHERE event_type = events.type AND checkpoints.partition = events.partition
          AND events."offset" > coalesce(
            (SELECT own."offset" FROM app_checkpoints AS own
             WHERE own.partition = events.partition AND own.subscription = checkpoints.subscription
               AND own.app_id = events.app_id), checkpoints."offset")
      ) THEN 'waiting'
      WHEN EXISTS (SELECT FROM discarded_events WHERE event_id = events.id) THEN 'discarded'
      ELSE 'handled'
    END`;
}

function toListed(row: EventRow & { outcome: EventOutcome }): ListedEvent {
  const { socketId: _, data, ...event } = toEvent(row);
  return { ...event, data: { ...data }, outcome: row.outcome };
}
