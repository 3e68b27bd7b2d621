import {
  isStorableText,
  type Page,
  ProblemError,
  type Replay,
  type ReplayEntry,
  type ReplayEntryState,
} from '@mevrik/protocol';
import { type ListRequest, readCursor, toListPage } from '../../db/page.ts';
import type { Sql } from '../../db/sql.ts';

/** Reads a replay. @throws ProblemError `not_found`. */
export async function readReplay(sql: Sql, id: number): Promise<Replay> {
  const [row] = await readRows(sql, sql`id = ${id}`, 1);
  if (!row) throw new ProblemError('not_found', 'Replay not found.');
  return toReplay(row);
}

/** All replays, newest first. */
export async function listReplays(sql: Sql, page: ListRequest): Promise<Page<Replay>> {
  const [before] = readCursor<readonly [number]>(page, ([id]) => Number.isSafeInteger(id)) ?? [
    Number.MAX_SAFE_INTEGER,
  ];
  const rows = await readRows(sql, sql`id < ${before}`, page.limit + 1);
  return toListPage(rows, page.limit, toReplay, ({ id }) => [id]);
}

/** The state of each event of a replay, for each listener. */
export async function listEntries(
  sql: Sql,
  id: number,
  { status, ...page }: ListRequest & { readonly status?: ReplayEntryState | undefined },
): Promise<Page<ReplayEntry>> {
  await readReplay(sql, id);
  const [partition, subscription, offset] = readCursor<EntryPosition>(page, isEntryPosition) ?? [-1, '', 0];
  const rows = await sql<EntryRow[]>`
    SELECT ${entryColumns(sql)} FROM replay_entries JOIN events USING (partition, "offset")
    WHERE replay_id = ${id} AND (${status ?? null}::text IS NULL OR status = ${status ?? null})
      AND (partition, subscription, "offset") > (${partition}::int, ${subscription}, ${offset}::bigint)
    ORDER BY partition, subscription, "offset" LIMIT ${page.limit + 1}`;
  return toListPage(rows, page.limit, toEntry, (row) => [row.partition, row.listener, row.offset]);
}

/** All replays of an event, oldest first, with who started them. */
export async function replaysOfEvent(
  sql: Sql,
  eventId: string,
): Promise<(ReplayEntry & { readonly actor: string; readonly createdAt: string })[]> {
  const rows = await sql<(EntryRow & { actor: string; created_at: string })[]>`
    SELECT ${entryColumns(sql)}, actor, created_at
    FROM replay_entries JOIN events USING (partition, "offset") JOIN replays ON replays.id = replay_id
    WHERE event_id = ${eventId} ORDER BY replay_id, subscription LIMIT 200`;
  return rows.map((row) => ({ ...toEntry(row), actor: row.actor, createdAt: row.created_at }));
}

interface ReplayRow extends Omit<Replay, 'status' | 'createdAt' | 'finishedAt'> {
  readonly created_at: string;
  readonly cancelled_at: string | null;
  readonly last_at: string | null;
}

function readRows(sql: Sql, condition: ReturnType<Sql>, limit: number): PromiseLike<ReplayRow[]> {
  return sql<ReplayRow[]>`
    SELECT id, actor, listeners, filter, created_at, cancelled_at, counted.*
    FROM replays CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status = 'waiting')::int AS waiting,
             count(*) FILTER (WHERE status = 'done')::int AS done,
             count(*) FILTER (WHERE status = 'skipped')::int AS skipped,
             count(*) FILTER (WHERE status = 'dead')::int AS dead,
             count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled,
             max(finished_at) AS last_at
      FROM replay_entries WHERE replay_id = replays.id
    ) AS counted
    WHERE ${condition} ORDER BY id DESC LIMIT ${limit}`;
}

function toReplay({ created_at, cancelled_at, last_at, ...rest }: ReplayRow): Replay {
  const status = cancelled_at !== null ? 'cancelled' : rest.waiting > 0 ? 'running' : 'done';
  const finishedAt = status === 'running' ? null : (cancelled_at ?? last_at ?? created_at);
  return { ...rest, status, createdAt: created_at, finishedAt };
}

interface EntryRow extends Omit<ReplayEntry, 'replayId' | 'eventId' | 'finishedAt' | 'durationMs'> {
  readonly replay_id: number;
  readonly partition: number;
  readonly offset: number;
  readonly event_id: string;
  readonly finished_at: string | null;
  readonly duration_us: number | null;
}

function entryColumns(sql: Sql) {
  return sql`replay_id, subscription AS listener, partition, "offset", event_id, type, replay_entries.key, status,
             attempts, failures, finished_at, duration_us`;
}

function toEntry(row: EntryRow): ReplayEntry {
  const { listener, type, key, status, attempts, failures } = row;
  return {
    replayId: row.replay_id,
    listener,
    eventId: row.event_id,
    type,
    key,
    status,
    attempts,
    failures,
    finishedAt: row.finished_at,
    durationMs: row.duration_us === null ? null : row.duration_us / 1000,
  };
}

type EntryPosition = readonly [partition: number, subscription: string, offset: number];

function isEntryPosition([partition, subscription, offset]: readonly unknown[]): boolean {
  return (
    typeof partition === 'number' &&
    Number.isInteger(partition) &&
    Math.abs(partition) < 2 ** 31 &&
    typeof subscription === 'string' &&
    isStorableText(subscription) &&
    Number.isSafeInteger(offset)
  );
}
