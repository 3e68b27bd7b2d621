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

/** The ids of the first and the last event of a file. */
export interface WrittenRange {
  readonly firstId: string;
  readonly lastId: string;
}

/**
 * Archives the oldest events of an app that leave the log and are not archived yet: those of one day, or as many as one
 * file holds.
 *
 * @returns which; `undefined` if there are none, or another process has archived them meanwhile.
 */
export async function writeSegment(deps: ArchiveDeps, app: AppRetention): Promise<WrittenRange | undefined> {
  const { sql } = deps;
  const archived = await lastArchived(sql, app.appId);
  const after = archived !== undefined && archived > app.archiveBefore ? archived : app.archiveBefore;
  const [oldest] = await sql<{ id: string }[]>`
    SELECT id FROM events WHERE app_id = ${app.appId} AND id > ${after} AND id < ${app.logBefore} ORDER BY id LIMIT 1`;
  if (!oldest) return undefined;
  // Whole days leave the log, so that this is not later than the end of the period.
  const before = firstIdAt(endOfDay(timeOfId(oldest.id)));
  const { file, lastId, events } = await gather(sql, app.appId, after, before);
  const segment = { appId: app.appId, firstId: oldest.id, lastId, events, ...file };
  return (await store(deps, segment)) ? { firstId: oldest.id, lastId } : undefined;
}

/** The last event of an app in the archive: all before it are there as well. */
export async function lastArchived(sql: Sql, appId: number): Promise<string | undefined> {
  const [newest] = await sql<{ last_id: string }[]>`
    SELECT last_id FROM event_segments WHERE app_id = ${appId} AND status <> 'writing' ORDER BY first_id DESC LIMIT 1`;
  return newest?.last_id;
}

async function gather(
  sql: Sql,
  appId: number,
  after: string,
  before: string,
): Promise<{ file: SegmentFile; lastId: string; events: number }> {
  const writer = new SegmentWriter();
  let lastId = after;
  while (writer.events < maxEvents && writer.size < maxSize) {
    const rows = await sql<EventRow[]>`
      SELECT ${eventColumns(sql)} FROM events
      WHERE app_id = ${appId} AND id > ${lastId} AND id < ${before} ORDER BY id LIMIT ${eventsAtOnce}`;
    const events: Event[] = rows.map(toEvent);
    const outcomes = await readOutcomes(sql, events);
    for (const event of events) await writer.append({ event, handled: outcomes(event) });
    lastId = events.at(-1)?.id ?? lastId;
    if (events.length < eventsAtOnce) break;
  }
  const { events } = writer;
  return { file: await writer.end(), lastId, events };
}

interface NewSegment extends SegmentFile {
  readonly appId: number;
  readonly firstId: string;
  readonly lastId: string;
  readonly events: number;
}

/**
 * Stores a file. Its record is written first, so that a file which a crash leaves behind is known.
 *
 * @returns whether it is part of the archive now; not if another process has archived the same events meanwhile.
 */
async function store({ sql, store }: ArchiveDeps, segment: NewSegment): Promise<boolean> {
  const { appId, firstId, lastId, events, bytes, digest } = segment;
  const [record] = await sql<{ id: number }[]>`
    INSERT INTO event_segments (app_id, first_id, last_id, first_at, last_at, events, bytes, digest, status)
    VALUES (${appId}, ${firstId}, ${lastId}, ${instantOf(firstId)}, ${instantOf(lastId)}, ${events}, ${bytes.length},
            ${digest}, 'writing') RETURNING id`;
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
                        WHERE app_id = mine.app_id AND status <> 'writing' AND last_id >= mine.first_id)`;
    return finished.count === 1;
  });
  if (!isArchived) await forget({ sql, store }, { appId, id: record.id });
  return isArchived;
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
