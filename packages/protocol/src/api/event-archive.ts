import { z } from 'zod';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';

const instant = z.iso.datetime({ offset: true });

/** Events of one app and day that were moved from the log to the archive. */
export const eventSegmentSchema = z.object({
  id: z.int(),
  appId: z.int(),
  /** The time of its first event. */
  from: z.string(),
  /** The time of its last event. */
  until: z.string(),
  /** How many events it has. */
  events: z.int(),
  /** The size of its compressed file. */
  bytes: z.int(),
  /**
   * `archived`: its events are only in the archive; `loading`, `loaded`: they are in the log as well, or soon; `failed`:
   * its file is missing or damaged.
   */
  status: z.enum(['archived', 'loading', 'loaded', 'failed']),
  /** When its events leave the log again; `null` unless it was loaded. */
  loadedUntil: z.string().nullable(),
  /** Why it could not be loaded. */
  error: z.string().nullable(),
  archivedAt: z.string(),
});
export type EventSegment = z.infer<typeof eventSegmentSchema>;

/** Filters of the archive; absent fields match all. */
export const eventSegmentQuery = pageQuery.extend({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  /** With events from this instant on. */
  from: instant.optional(),
  /** With events before this instant. */
  until: instant.optional(),
  /** That may contain this event. */
  eventId: z.uuid().optional(),
});
export type EventSegmentQuery = z.input<typeof eventSegmentQuery>;
