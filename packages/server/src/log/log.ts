import type { Event } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { trustEvents } from './current-event.ts';

/** An event that was raised but not appended yet: it has no offset. */
export type RaisedEvent = Omit<Event, 'offset'>;

/**
 * Appends events inside a transaction, as its last step: the heads of the touched partitions stay locked until
 * it commits, which makes the offsets of a partition visible in order and without gaps.
 *
 * @returns the events with their offsets, in the order given.
 */
export async function appendEvents(sql: Sql, raised: readonly RaisedEvent[]): Promise<readonly Event[]> {
  if (raised.length === 0) return [];
  const rows = await sql<{ event_offset: number }[]>`
    SELECT event_offset FROM append_events(${JSON.stringify(raised)}::jsonb) ORDER BY ordinal`;
  const events = raised.map(
    (event, index) => ({ ...event, offset: rows[index]?.event_offset ?? 0 }) as Event,
  );
  trustEvents(events);
  return events;
}

/** Reads up to `limit` events of a partition that come after an offset, in order. */
export async function readPartition(
  sql: Sql,
  partition: number,
  after: number,
  limit: number,
): Promise<readonly Event[]> {
  // As one JSON text, in the shape of events: parsing a batch column by column costs several times as much.
  const [row] = await sql<{ batch: Event[] | null }[]>`
    SELECT json_agg(event) AS batch FROM (
      SELECT id, type, version, key, partition, "offset", app_id AS "appId", session_id AS "sessionId",
             to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "occurredAt",
             correlation_id AS "correlationId", causation_id AS "causationId", traceparent, socket_id AS "socketId", data
      FROM events WHERE partition = ${partition} AND "offset" > ${after} ORDER BY "offset" LIMIT ${limit}
    ) AS event`;
  return row?.batch ?? [];
}

/** Reads the event at a position; `undefined` if there is none. */
export async function readEventAt(sql: Sql, partition: number, offset: number): Promise<Event | undefined> {
  const [row] = await sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events WHERE partition = ${partition} AND "offset" = ${offset}`;
  return row && toEvent(row);
}

/** The newest offset of each of these partitions. */
export async function readPartitionHeads(
  sql: Sql,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await sql<{ partition: number; head: number }[]>`
    SELECT partition, head FROM log_partitions WHERE partition = ANY(${partitions})`;
  return new Map(rows.map((row) => [row.partition, row.head]));
}

/** A row of `events` as the driver returns it. */
export interface EventRow {
  partition: number;
  offset: number;
  id: string;
  type: string;
  version: number;
  key: string;
  app_id: number;
  session_id: number | null;
  occurred_at: string;
  correlation_id: string;
  causation_id: string | null;
  traceparent: string | null;
  socket_id: string | null;
  data: unknown;
}

/** The columns of `events`, for statements elsewhere whose rows go through `toEvent`. */
export function eventColumns(sql: Sql) {
  return sql`partition, "offset", id, type, version, key, app_id, session_id, occurred_at,
             correlation_id, causation_id, traceparent, socket_id, data`;
}

/** Turns a row into an event. */
export function toEvent(row: EventRow): Event {
  return {
    id: row.id,
    type: row.type,
    version: row.version,
    key: row.key,
    partition: row.partition,
    offset: row.offset,
    appId: row.app_id,
    sessionId: row.session_id,
    occurredAt: row.occurred_at,
    correlationId: row.correlation_id,
    causationId: row.causation_id,
    traceparent: row.traceparent,
    socketId: row.socket_id,
    data: row.data,
  } as Event;
}
