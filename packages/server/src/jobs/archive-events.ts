import { z } from 'zod';
import { archiveEvents } from '../archive/archive-events.ts';
import { loadSegment, unloadSegments } from '../archive/load-segment.ts';
import { job, timer } from './job.ts';

/** A run ends before the next one is due, which goes on with a long backlog. */
const longestRunMs = 50 * 60_000;

/** Moves events whose period in the log has passed to the archive. */
export const archiveEventsJob = timer({
  task: 'archive-events',
  summary: 'Moves old events from the log to the archive, and deletes what has been archived long enough.',
  cron: '7 * * * *',
  async run({ database: { sql }, archive, log, stopping }) {
    await unloadSegments(sql);
    const ending = AbortSignal.any([stopping, AbortSignal.timeout(longestRunMs)]);
    await archiveEvents({ sql, log, ...archive }, Date.now(), ending);
  },
});

/** Puts archived events back into the log. */
export const loadSegmentJob = job({
  task: 'load-segment',
  summary: 'Puts archived events back into the log for a week.',
  payload: z.object({ segmentId: z.int() }),
  run: ({ segmentId }, { database: { sql }, archive: { store } }) => loadSegment({ sql, store }, segmentId),
});
