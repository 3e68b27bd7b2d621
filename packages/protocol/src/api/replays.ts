import { z } from 'zod';
import { eventNames } from '../events/catalogue.ts';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';

const appId = idSchema.max(2_147_483_647);
const instant = z.iso.datetime({ offset: true });

/** Which events are to run again; what is absent matches all. */
export const replayFilterSchema = z
  .strictObject({
    eventId: z.uuid().optional(),
    types: z.array(z.enum(eventNames)).min(1).max(eventNames.length).optional(),
    appId: appId.optional(),
    key: z.string().min(1).max(300).optional(),
    /** From this instant on. */
    from: instant.optional(),
    /** Before this instant. */
    until: instant.optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    message: 'must not be empty: an empty filter would match all events',
  })
  .refine(({ from, until }) => !from || !until || Date.parse(from) < Date.parse(until), {
    message: 'must be later than the beginning',
    path: ['until'],
  });
export type ReplayFilter = z.infer<typeof replayFilterSchema>;

/** What is to run again: these listeners, and no others, for the events that match. */
export const replayRequestSchema = z.strictObject({
  listeners: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(50)
    .refine((names) => new Set(names).size === names.length, { message: 'names a listener twice' }),
  filter: replayFilterSchema,
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

/** A replay to be started; `expected` refuses it where another number of runs than this would be made. */
export const startReplayBody = replayRequestSchema.extend({ expected: z.int().min(0).optional() });
export type StartReplay = z.infer<typeof startReplayBody>;

/** What a replay would run; it changes nothing. */
export const replayPreviewSchema = z.object({
  /** Events that match and that one of the listeners hears. */
  events: z.int(),
  /** The first of them, in the order of the log. */
  sample: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      key: z.string(),
      appId: z.int(),
      occurredAt: z.string(),
      data: z.record(z.string(), z.unknown()),
    }),
  ),
  listeners: z.array(
    z.object({
      listener: z.string(),
      /** What it does. */
      summary: z.string(),
      /** Events that it would handle again. */
      run: z.int(),
      /** Events that its condition skips. */
      skipped: z.int(),
      /** Events that it has yet to handle, or that wait among its dead letters: they need no replay. */
      notYet: z.int(),
    }),
  ),
  /** What a person should think of before. */
  warning: z.string(),
});
export type ReplayPreview = z.infer<typeof replayPreviewSchema>;

/** A replay, and how far it has come. */
export const replaySchema = z.object({
  id: z.int(),
  actor: z.string(),
  listeners: z.array(z.string()),
  filter: z.record(z.string(), z.unknown()),
  status: z.enum(['running', 'done', 'cancelled']),
  createdAt: z.string(),
  /** When its last event was dealt with; `null` while it runs. */
  finishedAt: z.string().nullable(),
  waiting: z.int(),
  done: z.int(),
  skipped: z.int(),
  dead: z.int(),
  cancelled: z.int(),
});
export type Replay = z.infer<typeof replaySchema>;

/** What has become of an event that is run again by a listener. */
export const replayEntryStateSchema = z.enum(['waiting', 'done', 'skipped', 'dead', 'cancelled']);
export type ReplayEntryState = z.infer<typeof replayEntryStateSchema>;

/** One failed attempt of a listener at an event. */
export const attemptFailureSchema = z.object({
  /** When the attempt began. */
  at: z.string(),
  error: z.string(),
  durationMs: z.number(),
  node: z.string(),
});

/** One event, run again by one listener. */
export const replayEntrySchema = z.object({
  replayId: z.int(),
  listener: z.string(),
  eventId: z.string(),
  type: z.string(),
  key: z.string(),
  status: replayEntryStateSchema,
  attempts: z.int(),
  failures: z.array(attemptFailureSchema),
  /** When it was dealt with; `null` while it waits. */
  finishedAt: z.string().nullable(),
  /** How long the attempt took that brought it through. */
  durationMs: z.number().nullable(),
});
export type ReplayEntry = z.infer<typeof replayEntrySchema>;

export const replayEntryQuery = pageQuery.extend({ status: replayEntryStateSchema.optional() });
