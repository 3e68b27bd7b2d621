import { removeArchived } from './remove-archived.ts';
import { removeByIds, removeEvents } from './remove-events.ts';
import { type AppRetention, type EventRetention, readRetention } from './retention.ts';
import { type ArchiveDeps, deleteAbandoned, forget, writeSegment } from './write-segment.ts';

/** Segments per statement when expired ones are deleted. */
const segmentsAtOnce = 100;

/** The dependencies of `archiveEvents`. */
export interface ArchiveEventsDeps extends ArchiveDeps {
  readonly retention: EventRetention;
  /** The queued listeners of this version: what one has not handled stays in the log. */
  readonly listeners: readonly string[];
  readonly log: { warn(detail: object, message: string): void };
}

/**
 * Moves the events of each app whose period in the log has passed to the archive, and deletes from the archive what has
 * been kept long enough.
 *
 * @param now in milliseconds since 1970.
 * @param stopping ends the work early; it goes on with the next call.
 * @throws Error if it failed for some app; the others are archived nevertheless.
 */
export async function archiveEvents(
  deps: ArchiveEventsDeps,
  now: number,
  stopping: AbortSignal,
): Promise<void> {
  let failed = 0;
  for (const app of await readRetention(deps.sql, deps.retention, now)) {
    if (stopping.aborted) return;
    try {
      await archiveApp(deps, app, stopping);
    } catch (error) {
      deps.log.warn({ err: error, appId: app.appId }, 'failed to archive events');
      failed += 1;
    }
  }
  if (failed > 0) throw new Error(`Events could not be archived; failed apps: ${failed}.`);
}

async function archiveApp(deps: ArchiveEventsDeps, app: AppRetention, stopping: AbortSignal): Promise<void> {
  const { sql, listeners } = deps;
  const { appId, archiveBefore, logBefore } = app;
  await deleteAbandoned(deps, appId);
  while (!stopping.aborted) {
    const written = await writeSegment(deps, app);
    if (!written) break;
    // After each file, so that the log shrinks while a long backlog is archived.
    await removeByIds(sql, written, listeners, stopping);
  }
  await removeArchived(deps, app, stopping);
  // What is older than the archive keeps events.
  await removeEvents(sql, { appId, upTo: archiveBefore, unlessAfter: logBefore, listeners }, stopping);
  while (!stopping.aborted && (await deleteSegments(deps, app)) === segmentsAtOnce);
}

/** Deletes segments whose events have been archived long enough. @returns how many. */
async function deleteSegments(deps: ArchiveDeps, { appId, archiveBefore }: AppRetention): Promise<number> {
  const expired = await deps.sql<{ id: number }[]>`
    SELECT id FROM event_segments
    WHERE app_id = ${appId} AND status <> 'writing' AND last_id < ${archiveBefore}
      AND (loaded_until IS NULL OR loaded_until < now())
    ORDER BY first_id LIMIT ${segmentsAtOnce}`;
  for (const { id } of expired) await forget(deps, { appId, id });
  return expired.length;
}
