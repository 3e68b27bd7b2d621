import type { Sql } from '../db/sql.ts';
import { lockOldEvents } from '../log/lock-old-events.ts';
import {
  type ArchivedEvent,
  DamagedSegmentError,
  linesOf,
  readSegment,
  segmentName,
} from './segment-file.ts';
import type { ArchiveDeps } from './write-segment.ts';

/** Events per transaction. */
const eventsAtOnce = 500;

/**
 * Puts the events of a segment back into the log, at the positions they had, with what listeners did with them. All
 * listeners are past these positions, so none handles them. Repeating it changes nothing.
 */
export async function loadSegment(deps: ArchiveDeps, id: number): Promise<void> {
  const { sql, store } = deps;
  const [segment] = await sql<{ app_id: number; digest: string }[]>`
    SELECT app_id, digest FROM event_segments WHERE id = ${id} AND status = 'loading'`;
  if (!segment) return;
  const { app_id: appId, digest } = segment;
  try {
    const bytes = await readSegment(store, segmentName({ appId, id }), digest);
    for await (const lines of inSets(linesOf(bytes))) await sql.begin((tx) => insertLines(tx, lines));
  } catch (error) {
    // What is damaged stays damaged; any other error is for the queue, which tries again.
    if (!(error instanceof DamagedSegmentError)) throw error;
    await sql`
      UPDATE event_segments SET status = 'failed', error = ${error.message} WHERE id = ${id} AND status = 'loading'`;
    return;
  }
  await sql`UPDATE event_segments SET status = 'loaded' WHERE id = ${id} AND status = 'loading'`;
}

/** Ends the loading of segments whose time has passed; their events are removed with the next ones that are archived. */
export async function unloadSegments(sql: Sql): Promise<void> {
  await sql`
    UPDATE event_segments SET status = 'archived', loaded_until = NULL, error = NULL
    WHERE status IN ('loading', 'loaded', 'failed') AND loaded_until < now()`;
}

async function* inSets(lines: AsyncIterable<ArchivedEvent>): AsyncGenerator<readonly ArchivedEvent[]> {
  let set: ArchivedEvent[] = [];
  for await (const line of lines) {
    set.push(line);
    if (set.length < eventsAtOnce) continue;
    yield set;
    set = [];
  }
  if (set.length > 0) yield set;
}

async function insertLines(tx: Sql, lines: readonly ArchivedEvent[]): Promise<void> {
  // None of those that are still in the log is removed meanwhile.
  await lockOldEvents(tx, 'shared');
  const events = lines.map(({ event }) => event);
  await tx`
    INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at, correlation_id,
                        causation_id, traceparent, socket_id, data)
    SELECT partition, "offset", id, type, version, key, "appId", "sessionId", "occurredAt", "correlationId",
           "causationId", traceparent, "socketId", data
    FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb)
      AS event (partition int, "offset" bigint, id uuid, type text, version int, key text, "appId" int,
                "sessionId" bigint, "occurredAt" timestamptz, "correlationId" uuid, "causationId" uuid,
                traceparent text, "socketId" text, data jsonb)
    ON CONFLICT DO NOTHING`;
  const handled = lines.flatMap(({ event: { partition, offset }, handled }) =>
    handled.map((outcome) => ({ partition, offset, ...outcome })),
  );
  await tx`
    INSERT INTO handled_batches (partition, subscription, last_offset, node, started_at, finished_at, offsets,
                                 durations_us, attempt, failures)
    SELECT partition, subscription, "offset", node, "startedAt", "finishedAt", ARRAY["offset"], ARRAY["durationUs"],
           attempt, failures
    FROM jsonb_to_recordset(${JSON.stringify(handled)}::jsonb)
      AS outcome (partition int, "offset" bigint, subscription text, node uuid, "startedAt" timestamptz,
                  "finishedAt" timestamptz, "durationUs" int, attempt int, failures jsonb)
    ON CONFLICT DO NOTHING`;
}
