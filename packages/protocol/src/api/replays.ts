import { z } from 'zod';
import { eventNames } from '../events/catalogue.ts';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';

const appId = idSchema.max(2_147_483_647);
const instant = z.iso.datetime({ offset: true });

/** Which events to replay; absent fields match all. */
export const replayFilterSchema = z
  .strictObject({
    eventId: z.uuid().optional(),
    types: z.array(z.enum(eventNames)).min(1).max(eventNames.length).optional(),
    appId: appId.optional(),
    key: z.string().min(1).max(300).optional(),
    /** From this instant. */
    from: instant.optional(),
    /** Before this instant. */
    until: instant.optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    message: 'must not be empty: an empty filter would match all events',
  })
  .refine(({ from, until }) => !from || !until || Date.parse(from) < Date.parse(until), {
    message: 'must be later than `from`',
    path: ['until'],
  });
export type ReplayFilter = z.infer<typeof replayFilterSchema>;

/** Replays matching events for the named listeners only. */
export const replayRequestSchema = z.strictObject({
  listeners: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(50)
    .refine((names) => new Set(names).size === names.length, { message: 'must be unique' }),
  filter: replayFilterSchema,
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

/** Starts a replay; it is rejected if the number of runs differs from `expected`. */
export const startReplayBody = replayRequestSchema.extend({ expected: z.int().min(0).optional() });
export type StartReplay = z.infer<typeof startReplayBody>;

/** Preview of a replay. */
export const replayPreviewSchema = z.object({
  /** Matching events of the listeners. */
  events: z.int(),
  /** The first of them, in log order. */
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
      /** Events that it has not handled yet, or that are parked: they need no replay. */
      notYet: z.int(),
    }),
  ),
  /** Events of this period and app that are in the archive only, of any type: they are not replayed unless loaded. */
  archived: z.int(),
  /** What to consider before starting. */
  warning: z.string(),
});
export type ReplayPreview = z.infer<typeof replayPreviewSchema>;

/** A replay with its progress. */
export const replaySchema = z.object({
  id: z.int(),
  actor: z.string(),
  listeners: z.array(z.string()),
  filter: z.record(z.string(), z.unknown()),
  status: z.enum(['running', 'done', 'cancelled']),
  createdAt: z.string(),
  /** When its last event finished; `null` while it runs. */
  finishedAt: z.string().nullable(),
  waiting: z.int(),
  done: z.int(),
  skipped: z.int(),
  dead: z.int(),
  cancelled: z.int(),
});
export type Replay = z.infer<typeof replaySchema>;

/** The outcome of one event of a replay at one listener. */
export const replayEntryStateSchema = z.enum(['waiting', 'done', 'skipped', 'dead', 'cancelled']);
export type ReplayEntryState = z.infer<typeof replayEntryStateSchema>;

/** One failed attempt of a listener at an event. */
export const attemptFailureSchema = z.object({
  /** Start of the attempt. */
  at: z.string(),
  error: z.string(),
  durationMs: z.number(),
  node: z.string(),
});

/** One event replayed for one listener. */
export const replayEntrySchema = z.object({
  replayId: z.int(),
  listener: z.string(),
  eventId: z.string(),
  type: z.string(),
  key: z.string(),
  status: replayEntryStateSchema,
  attempts: z.int(),
  failures: z.array(attemptFailureSchema),
  /** When it finished; `null` while it waits. */
  finishedAt: z.string().nullable(),
  /** Duration of the successful attempt. */
  durationMs: z.number().nullable(),
});
export type ReplayEntry = z.infer<typeof replayEntrySchema>;

/** Filters of a replay's events. */
export const replayEntryQuery = pageQuery.extend({ status: replayEntryStateSchema.optional() });
