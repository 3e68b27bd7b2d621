import { z } from 'zod';
import { deliverySchema } from './deliveries.ts';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';
import { attemptFailureSchema, replayEntrySchema } from './replays.ts';

const appId = z.coerce.number().pipe(idSchema.max(2_147_483_647));
const name = z.string().min(1).max(100);
const instant = z.iso.datetime({ offset: true });

/** What has become of an event at all of its listeners: the worst of it. */
export const eventOutcomeSchema = z.enum(['handled', 'waiting', 'parked', 'dead', 'discarded']);
export type EventOutcome = z.infer<typeof eventOutcomeSchema>;

/** An event as it stands in the log. */
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

/** An event in a list, with what has become of it. */
export const listedEventSchema = loggedEventSchema.extend({ outcome: eventOutcomeSchema });
export type ListedEvent = z.infer<typeof listedEventSchema>;

/** Events, newest first. A page may hold few, or none, and still have a next: so far was looked for them. */
export const eventPageSchema = z.object({
  items: z.array(listedEventSchema),
  next: z.string().nullable(),
  /** How far back was looked, where the page is not full; `null`: to the beginning. */
  searchedTo: z.string().nullable(),
});
export type EventPage = z.infer<typeof eventPageSchema>;

export const eventQuery = z.strictObject({
  /** One kind or several, separated by commas. */
  type: z.string().min(1).max(1_000).optional(),
  key: z.string().min(1).max(300).optional(),
  appId: appId.optional(),
  sessionId: z.coerce.number().pipe(idSchema).optional(),
  correlationId: z.uuid().optional(),
  outcome: eventOutcomeSchema.optional(),
  from: instant.optional(),
  until: instant.optional(),
  /** A part of its data or its conversation; or the id of an event, or of what began it all. */
  text: z.string().min(1).max(200).optional(),
  /** Newer than this event alone: what has come since. */
  after: z.uuid().optional(),
  cursor: z.uuid().optional(),
  limit: pageQuery.shape.limit,
});

/** What one listener made of one event. */
export const listenerOutcomeSchema = z.object({
  listener: z.string(),
  /** What it does. */
  summary: z.string(),
  outcome: z.enum(['done', 'skipped', 'pending', 'parked', 'dead', 'discarded']),
  /** Of the attempt that brought it through. */
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  attempt: z.int().nullable(),
  /** Attempts that failed, oldest first. */
  failures: z.array(attemptFailureSchema),
  /** When it is tried again; `null` where it is not. */
  retryAt: z.string().nullable(),
  /** Who has discarded it, at `finishedAt`: the listener never handles it; `null` where nobody has. */
  discardedBy: z.string().nullable(),
});
export type ListenerOutcome = z.infer<typeof listenerOutcomeSchema>;

/** A message of an event for the subscribers of a channel. */
export const toldSchema = z.object({
  topic: z.string(),
  /** What clients bind to. */
  event: z.string(),
  status: z.enum(['sent', 'pending']),
  /** When it was handed to the gateway; `null` where it was not yet, or nobody remembers. */
  at: z.string().nullable(),
});
export type Told = z.infer<typeof toldSchema>;

/** An event of a chain, with all that became of it. */
export const chainedEventSchema = loggedEventSchema.extend({
  listeners: z.array(listenerOutcomeSchema),
  broadcasts: z.array(toldSchema),
  deliveries: z.array(deliverySchema),
});
export type ChainedEvent = z.infer<typeof chainedEventSchema>;

/** Each time that a listener handled an event again, because somebody wanted it. */
export const eventReplaySchema = replayEntrySchema.extend({ actor: z.string(), createdAt: z.string() });

/** One event with its whole story. */
export const eventStorySchema = z.object({
  event: loggedEventSchema,
  listeners: z.array(listenerOutcomeSchema),
  /** All events of the same chain, oldest first, this one among them. */
  chain: z.array(chainedEventSchema),
  /** Oldest first. */
  replays: z.array(eventReplaySchema),
});
export type EventStory = z.infer<typeof eventStorySchema>;

/** A listener as people see it: what it listens to, and how it is doing. */
export const subscriptionStateSchema = z.object({
  name: z.string(),
  summary: z.string(),
  events: z.array(z.string()),
  mode: z.enum(['sync', 'queued', 'broadcast']),
  /** `retired` ones have checkpoints in the database but no listener in this version. */
  status: z.enum(['active', 'paused', 'retired']),
  pauseReason: z.string().nullable(),
  /** Events that it has before it, over all partitions. */
  lag: z.int(),
  /** Since when the oldest of these waits; `null` where none does. */
  behindSince: z.string().nullable(),
  parked: z.int(),
  dead: z.int(),
});
export type SubscriptionState = z.infer<typeof subscriptionStateSchema>;

/** Which parked events are meant; what is absent matches all. */
export const parkedFilterSchema = z.strictObject({
  subscription: name.optional(),
  eventId: z.uuid().optional(),
  type: name.optional(),
  key: z.string().min(1).max(300).optional(),
  appId: appId.optional(),
  status: z.enum(['waiting', 'dead']).optional(),
});

/** An event that a listener could not handle. */
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
  /** The replay that failed at it; `null` where it was the event itself. */
  replayId: z.int().nullable(),
});
export type ParkedEvent = z.infer<typeof parkedEventSchema>;
