import type { Event } from '@mevrik/protocol';
import type { FileStore } from '../attachments/file-store.ts';
import type { PooledSql } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { firstIdAt, timeOfId } from '../log/event-ids.ts';
import { type EventRow, eventColumns, toEvent } from '../log/log.ts';
import { readOutcomes } from './outcomes.ts';
import { type AppRetention, endOfDay } from './retention.ts';
import { readSegment, type SegmentFile, SegmentWriter, segmentName } from './segment-file.ts';

/** The dependencies of the archive. */
export interface ArchiveDeps {
  readonly sql: PooledSql;
  /** Where the files of the archive are stored. */
  readonly store: FileStore;
}

/** The limits of one file: it is held in memory, compressed, while it is written. */
const maxEvents = 50_000;
const maxSize = 64 * 1024 * 1024;
/** A class of advisory locks that nothing else on the database uses; the app is the second number. */
const archiveLock = 7_245_114;
/** Events per statement. */
const eventsAtOnce = 500;

/** A segment that is part of the archive. */
export interface StoredSegment {
  readonly id: number;
  readonly first_id: string;
  readonly last_id: string;
  readonly digest: string;
}

/**
 * Archives the oldest events of an app that leave the log and come after those in the archive: those of one day, or as
 * many as one file holds.
 *
 * @returns their ids; `undefined` if there are none, or another process has archived events meanwhile.
 */
export async function writeSegment(
  deps: ArchiveDeps,
  app: AppRetention,
): Promise<readonly string[] | undefined> {
  const { sql } = deps;
  const { appId, archiveBefore, logBefore } = app;
  const known = await storedSegments(sql, appId);
  const archived = await lastArchived(sql, appId);
  const after = archived !== undefined && archived > archiveBefore ? archived : archiveBefore;
  const [oldest] = await sql<{ id: string }[]>`
    SELECT id FROM events WHERE app_id = ${appId} AND id > ${after} AND id < ${logBefore} ORDER BY id LIMIT 1`;
  if (!oldest) return undefined;
  // Whole days leave the log, so that this is not later than the end of the period.
  const before = firstIdAt(endOfDay(timeOfId(oldest.id)));
  const read = (lastId: string) => sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events
    WHERE app_id = ${appId} AND id > ${lastId} AND id < ${before} ORDER BY id LIMIT ${eventsAtOnce}`;
  return store(deps, { appId, known, ...(await gather(sql, after, read)) });
}

/**
 * Archives events of which the archive has later ones: those of the first day, or as many as one file holds.
 *
 * @param ids in order, at least one.
 * @param known the app's segments when it was found that they have none of these events.
 * @returns the ids of those that were archived; `undefined` if another process has archived events meanwhile.
 */
export async function writeLateSegment(
  deps: ArchiveDeps,
  appId: number,
  ids: readonly string[],
  known: readonly StoredSegment[],
): Promise<readonly string[] | undefined> {
  const { sql } = deps;
  const before = firstIdAt(endOfDay(timeOfId(ids[0] ?? firstIdAt(0))));
  const ofDay = ids.filter((id) => id < before);
  const read = (lastId: string) => sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events
    WHERE id = ANY (${ofDay}::uuid[]) AND id > ${lastId} ORDER BY id LIMIT ${eventsAtOnce}`;
  return store(deps, { appId, known, ...(await gather(sql, firstIdAt(0), read)) });
}

/** The segments of an app. */
export function storedSegments(sql: Sql, appId: number): Promise<readonly StoredSegment[]> {
  return sql<StoredSegment[]>`
    SELECT id, first_id, last_id, digest FROM event_segments
    WHERE app_id = ${appId} AND status <> 'writing' ORDER BY first_id`;
}

/** The last event of an app in the archive: those before it are there as well, unless they were appended later. */
export async function lastArchived(sql: Sql, appId: number): Promise<string | undefined> {
  const [newest] = await sql<{ last_id: string }[]>`
    SELECT last_id FROM event_segments WHERE app_id = ${appId} AND status <> 'writing' ORDER BY last_id DESC LIMIT 1`;
  return newest?.last_id;
}

interface Gathered {
  readonly file: SegmentFile;
  readonly ids: readonly string[];
}

/** Writes a file of the events that `read` returns, set by set: those after an id, in order. */
async function gather(
  sql: Sql,
  after: string,
  read: (lastId: string) => Promise<readonly EventRow[]>,
): Promise<Gathered> {
  const writer = new SegmentWriter();
  const ids: string[] = [];
  while (ids.length < maxEvents && writer.size < maxSize) {
    const events: Event[] = (await read(ids.at(-1) ?? after)).map(toEvent);
    const outcomes = await readOutcomes(sql, events);
    for (const event of events) await writer.append({ event, handled: outcomes(event) });
    ids.push(...events.map(({ id }) => id));
    if (events.length < eventsAtOnce) break;
  }
  return { file: await writer.end(), ids };
}

interface NewSegment extends Gathered {
  readonly appId: number;
  readonly known: readonly StoredSegment[];
}

/**
 * Stores a file. Its record is written first, so that a file which a crash leaves behind is known.
 *
 * @returns the ids of its events; `undefined` if it is not part of the archive, since another process has archived
 *   events meanwhile, which can be the same.
 */
async function store(
  { sql, store }: ArchiveDeps,
  { appId, known, file: { bytes, digest }, ids }: NewSegment,
): Promise<readonly string[] | undefined> {
  const [firstId, lastId] = [ids[0], ids.at(-1)];
  if (firstId === undefined || lastId === undefined) return undefined;
  const [record] = await sql<{ id: number }[]>`
    INSERT INTO event_segments (app_id, first_id, last_id, first_at, last_at, events, bytes, digest, status)
    VALUES (${appId}, ${firstId}, ${lastId}, ${instantOf(firstId)}, ${instantOf(lastId)}, ${ids.length},
            ${bytes.length}, ${digest}, 'writing') RETURNING id`;
  if (!record) throw new Error('The record of a file was not written.');
  const name = segmentName({ appId, id: record.id });
  await store.put(name, bytes);
  // The events are deleted next: what was stored must be readable.
  await readSegment(store, name, digest);
  const isArchived = await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${archiveLock}, ${appId})`;
    const finished = await tx`
      UPDATE event_segments AS mine SET status = 'archived', archived_at = now()
      WHERE id = ${record.id} AND status = 'writing'
        AND NOT EXISTS (SELECT FROM event_segments
                        WHERE app_id = mine.app_id AND status <> 'writing'
                          AND last_id >= mine.first_id AND first_id <= mine.last_id
                          AND id <> ALL (${known.map(({ id }) => id)}::bigint[]))`;
    return finished.count === 1;
  });
  if (!isArchived) await forget({ sql, store }, { appId, id: record.id });
  return isArchived ? ids : undefined;
}

/** After so many hours a file that was not completed is left over from a crash. */
const abandonedHours = 3;

/** Deletes files that were not completed. */
export async function deleteAbandoned(deps: ArchiveDeps, appId: number): Promise<void> {
  const abandoned = await deps.sql<{ id: number }[]>`
    SELECT id FROM event_segments
    WHERE app_id = ${appId} AND status = 'writing' AND archived_at < now() - ${abandonedHours} * interval '1 hour'`;
  for (const { id } of abandoned) await forget(deps, { appId, id });
}

/** Deletes a file and its record; the file first, since nothing would find it without its record. */
export async function forget(
  { sql, store }: ArchiveDeps,
  segment: { readonly appId: number; readonly id: number },
): Promise<void> {
  await store.remove(segmentName(segment));
  await sql`DELETE FROM event_segments WHERE id = ${segment.id}`;
}

function instantOf(id: string): string {
  return new Date(timeOfId(id)).toISOString();
}
