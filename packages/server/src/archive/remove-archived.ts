import { findUnneeded, oldEvents, removeByIds } from './remove-events.ts';
import type { AppRetention } from './retention.ts';
import { DamagedSegmentError, linesOf, readSegment, segmentName } from './segment-file.ts';
import {
  type ArchiveDeps,
  lastArchived,
  type StoredSegment,
  storedSegments,
  writeLateSegment,
} from './write-segment.ts';

/** Events for which files are read at the same time: as many as a file has at most. */
const eventsAtOnce = 50_000;

/** The dependencies of `removeArchived`. */
export interface RemoveArchivedDeps extends ArchiveDeps {
  /** The queued listeners of this version: what one has not handled stays in the log. */
  readonly listeners: readonly string[];
  readonly log: { warn(detail: object, message: string): void };
}

/**
 * Removes events from the log that come before the last one in the archive: what was still needed when it was archived,
 * and what was loaded. Ids are in order of the clocks of nodes, so that some may have been appended after their time was
 * archived: these are archived first. So an event is removed only if a file has it.
 */
export async function removeArchived(
  deps: RemoveArchivedDeps,
  { appId, archiveBefore }: AppRetention,
  stopping: AbortSignal,
): Promise<void> {
  const { sql, listeners } = deps;
  const upTo = await lastArchived(sql, appId);
  if (upTo === undefined) return;
  for await (const old of oldEvents(sql, { appId, after: archiveBefore, upTo }, eventsAtOnce)) {
    let rest = (await findUnneeded(sql, old, listeners)).map(({ id }) => id);
    while (rest.length > 0 && !stopping.aborted) {
      const known = await storedSegments(sql, appId);
      const { archived, unknown } = await findInFiles(deps, appId, known, rest);
      await removeByIds(sql, [...archived], listeners, stopping);
      const late = rest.filter((id) => !archived.has(id) && !unknown.has(id));
      if (late.length === 0) break;
      const written = await writeLateSegment(deps, appId, late, known);
      // Another process archives the same events.
      if (!written) return;
      await removeByIds(sql, written, listeners, stopping);
      const gone = new Set(written);
      rest = late.filter((id) => !gone.has(id));
    }
  }
}

/** Which of some events are in files of the archive; `unknown`: in their time is a file that cannot be read. */
async function findInFiles(
  { store, log }: RemoveArchivedDeps,
  appId: number,
  segments: readonly StoredSegment[],
  ids: readonly string[],
): Promise<{ readonly archived: ReadonlySet<string>; readonly unknown: ReadonlySet<string> }> {
  const archived = new Set<string>();
  const unknown = new Set<string>();
  for (const { id: segmentId, first_id: firstId, last_id: lastId, digest } of segments) {
    const wanted = new Set(ids.filter((id) => id >= firstId && id <= lastId));
    if (wanted.size === 0) continue;
    try {
      const bytes = await readSegment(store, segmentName({ appId, id: segmentId }), digest);
      for await (const { event } of linesOf(bytes)) if (wanted.has(event.id)) archived.add(event.id);
    } catch (error) {
      if (!(error instanceof DamagedSegmentError)) throw error;
      for (const id of wanted) unknown.add(id);
      log.warn({ err: error, appId, segmentId }, 'kept events in the log whose file cannot be read');
    }
  }
  return { archived, unknown };
}
