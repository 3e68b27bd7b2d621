import { z } from 'zod';
import { deliverySchema } from './deliveries.ts';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';
import { attemptFailureSchema, replayEntrySchema } from './replays.ts';

const appId = z.coerce.number().pipe(idSchema.max(2_147_483_647));
const name = z.string().min(1).max(100);
const instant = z.iso.datetime({ offset: true });

/** The worst outcome of an event at all its listeners. */
export const eventOutcomeSchema = z.enum(['handled', 'waiting', 'parked', 'dead', 'discarded']);
export type EventOutcome = z.infer<typeof eventOutcomeSchema>;

/** An event in the log. */
export const loggedEventSchema = z.object({
  id: z.string(),
  type: z.string(),
  version: z.int(),
  key: z.string(),
  partition: z.int(),
  offset: z.int(),
  appId: z.int(),
  sessionId: z.int().nullable(),
  occurredAt: z.string(),
  correlationId: z.string(),
  causationId: z.string().nullable(),
  traceparent: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

/** An event in a list, with its outcome. */
export const listedEventSchema = loggedEventSchema.extend({ outcome: eventOutcomeSchema });
export type ListedEvent = z.infer<typeof listedEventSchema>;

/** Events, newest first. A page may hold few or no events and still have a next page, because a search is limited. */
export const eventPageSchema = z.object({
  items: z.array(listedEventSchema),
  next: z.string().nullable(),
  /** How far back the search went, if the page is not full; `null`: to the start of the log. */
  searchedTo: z.string().nullable(),
  /** The end of the log when the first page was read, for `after`; `null` on further pages. */
  position: z.string().nullable(),
});
export type LoggedEventPage = z.infer<typeof eventPageSchema>;

/** Filters of the event log. */
export const eventQuery = z.strictObject({
  /** One or more kinds, separated by commas. */
  type: z.string().min(1).max(1_000).optional(),
  key: z.string().min(1).max(300).optional(),
  appId: appId.optional(),
  sessionId: z.coerce.number().pipe(idSchema).optional(),
  correlationId: z.uuid().optional(),
  outcome: eventOutcomeSchema.optional(),
  from: instant.optional(),
  until: instant.optional(),
  /** Part of the data or the conversation key, or the id of the event or of its chain. */
  text: z.string().min(1).max(200).optional(),
  /** Only events appended after this `position` of an earlier response. */
  after: z.string().min(1).max(2_000).optional(),
  cursor: z.uuid().optional(),
  limit: pageQuery.shape.limit,
});

/** The outcome of one event at one listener. */
export const listenerOutcomeSchema = z.object({
  listener: z.string(),
  /** What it does. */
  summary: z.string(),
  outcome: z.enum(['done', 'skipped', 'pending', 'parked', 'dead', 'discarded']),
  /** Start of the successful attempt. */
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  attempt: z.int().nullable(),
  /** Failed attempts, oldest first. */
  failures: z.array(attemptFailureSchema),
  /** When it is retried; `null` if it is not. */
  retryAt: z.string().nullable(),
  /** Who discarded it at `finishedAt`, so that the listener never handles it; `null` if it was not discarded. */
  discardedBy: z.string().nullable(),
});
export type ListenerOutcome = z.infer<typeof listenerOutcomeSchema>;

/** The broadcast of an event on one topic. */
export const eventBroadcastSchema = z.object({
  topic: z.string(),
  /** The name that clients bind to. */
  event: z.string(),
  /** `off`: broadcasting was switched off. */
  status: z.enum(['sent', 'pending', 'off']),
  /** When it was published to the gateway; `null` if it was not yet, or the record has expired. */
  at: z.string().nullable(),
});
export type EventBroadcast = z.infer<typeof eventBroadcastSchema>;

/** An event of a chain, with its outcomes. */
export const chainedEventSchema = loggedEventSchema.extend({
  listeners: z.array(listenerOutcomeSchema),
  broadcasts: z.array(eventBroadcastSchema),
  deliveries: z.array(deliverySchema),
});
export type ChainedEvent = z.infer<typeof chainedEventSchema>;

/** One replay of an event for a listener. */
export const eventReplaySchema = replayEntrySchema.extend({ actor: z.string(), createdAt: z.string() });

/** One event with its chain, outcomes and replays. */
export const eventStorySchema = z.object({
  event: loggedEventSchema,
  listeners: z.array(listenerOutcomeSchema),
  /** All events of the same chain, oldest first, this one among them. */
  chain: z.array(chainedEventSchema),
  /** Oldest first. */
  replays: z.array(eventReplaySchema),
});
export type EventStory = z.infer<typeof eventStorySchema>;

/** A listener with its events and progress. */
export const subscriptionStateSchema = z.object({
  name: z.string(),
  summary: z.string(),
  events: z.array(z.string()),
  mode: z.enum(['sync', 'queued', 'broadcast']),
  /**
   * `paused`: for the apps in `pausedApps`. `retired`: it has checkpoints in the database, but no listener in this version.
   */
  status: z.enum(['active', 'paused', 'retired']),
  /** The visible apps for which it is paused: their events wait, those of others are handled. */
  pausedApps: z.array(z.object({ appId, reason: z.string(), since: z.string() })),
  /** The visible apps that were resumed, and whose events it has not handled up to those of the others yet. */
  catchingUp: z.array(appId),
  /** Events that it has not reached yet, over all partitions; without those of the apps in the two lists above. */
  lag: z.int(),
  /** Since when the oldest of them waits; `null` if there is none. */
  behindSince: z.string().nullable(),
  parked: z.int(),
  dead: z.int(),
});
export type SubscriptionState = z.infer<typeof subscriptionStateSchema>;

/** For which app a listener is resumed; for all without one. */
export const resumeBody = z.strictObject({ appId: appId.optional() });

/** For how many apps a listener was resumed. */
export const resumedSchema = z.object({ resumed: z.int() });

/** Which parked events; absent fields match all. */
export const parkedFilterSchema = z.strictObject({
  subscription: name.optional(),
  eventId: z.uuid().optional(),
  type: name.optional(),
  key: z.string().min(1).max(300).optional(),
  appId: appId.optional(),
  status: z.enum(['waiting', 'dead']).optional(),
});

/** An event that a listener failed to handle. */
export const parkedEventSchema = z.object({
  subscription: z.string(),
  eventId: z.string(),
  type: z.string(),
  key: z.string(),
  appId: z.int(),
  partition: z.int(),
  offset: z.int(),
  status: z.enum(['waiting', 'dead']),
  attempts: z.int(),
  retryAt: z.string(),
  lastError: z.string().nullable(),
  failures: z.array(attemptFailureSchema),
  parkedAt: z.string(),
  /** The replay that failed; `null` for the event itself. */
  replayId: z.int().nullable(),
});
export type ParkedEvent = z.infer<typeof parkedEventSchema>;

/** Retries the matching parked events; `editedData` replaces the data of a single event for this listener. */
export const retryParkedBody = z.strictObject({
  filter: parkedFilterSchema,
  editedData: z.record(z.string(), z.unknown()).optional(),
});
/** Discards the matching parked events. */
export const discardParkedBody = z.strictObject({ filter: parkedFilterSchema });
/** How many parked events were retried. */
export const retriedSchema = z.object({ retried: z.int() });
/** How many parked events were discarded. */
export const discardedSchema = z.object({ discarded: z.int() });
