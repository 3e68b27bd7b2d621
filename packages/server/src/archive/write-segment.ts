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
/** Events per statement. */
const eventsAtOnce = 500;

/**
 * Archives the oldest events of an app that leave the log and are not archived yet: those of one day, or as many as one
 * file holds.
 *
 * @returns whether there were any.
 */
export async function writeSegment(deps: ArchiveDeps, app: AppRetention): Promise<boolean> {
  const { sql } = deps;
  const archived = await lastArchived(sql, app.appId);
  const after = archived !== undefined && archived > app.archiveBefore ? archived : app.archiveBefore;
  const [oldest] = await sql<{ id: string }[]>`
    SELECT id FROM events WHERE app_id = ${app.appId} AND id > ${after} AND id < ${app.logBefore} ORDER BY id LIMIT 1`;
  if (!oldest) return false;
  // Whole days leave the log, so that this is not later than the end of the period.
  const before = firstIdAt(endOfDay(timeOfId(oldest.id)));
  const { file, lastId, events } = await gather(sql, app.appId, after, before);
  await store(deps, { appId: app.appId, firstId: oldest.id, lastId, events, ...file });
  return true;
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
    for (const event of events) await writer.append({ event, ...outcomes(event) });
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
 * Stores a file and records it. The record is written first: a file that a crash left behind is known, and is replaced
 * when the same events are archived again.
 */
async function store({ sql, store }: ArchiveDeps, segment: NewSegment): Promise<void> {
  const { appId, firstId, lastId, events, bytes, digest } = segment;
  const unfinished = await sql.begin(async (tx) => {
    const [known] = await tx<{ digest: string }[]>`
      SELECT digest FROM event_segments WHERE app_id = ${appId} AND first_id = ${firstId} FOR UPDATE`;
    await tx`
      INSERT INTO event_segments (app_id, first_id, last_id, first_at, last_at, events, bytes, digest, status)
      VALUES (${appId}, ${firstId}, ${lastId}, ${instantOf(firstId)}, ${instantOf(lastId)}, ${events}, ${bytes.length},
              ${digest}, 'writing')
      ON CONFLICT (app_id, first_id) DO UPDATE
        SET last_id = excluded.last_id, last_at = excluded.last_at, events = excluded.events, bytes = excluded.bytes,
            digest = excluded.digest
        WHERE event_segments.status = 'writing'`;
    return known;
  });
  const name = segmentName(segment);
  if (unfinished && unfinished.digest !== digest)
    await store.remove(segmentName({ ...segment, ...unfinished }));
  await store.put(name, bytes);
  // The events are deleted next: what was stored must be readable.
  await readSegment(store, name, digest);
  await sql`
    UPDATE event_segments SET status = 'archived', archived_at = now()
    WHERE app_id = ${appId} AND first_id = ${firstId} AND digest = ${digest} AND status = 'writing'`;
}

function instantOf(id: string): string {
  return new Date(timeOfId(id)).toISOString();
}
