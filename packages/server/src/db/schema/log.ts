import { sql } from 'drizzle-orm';
import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const offset = (name: string) => bigint(name, { mode: 'number' });

/** The partitions of the log; `head` is the newest offset, or 0 in an empty partition. */
export const logPartitions = pgTable('log_partitions', {
  partition: integer('partition').primaryKey(),
  head: offset('head').notNull().default(0),
});

/** Up to which offset events of a partition may be missing: they were archived, or their retention period has passed. */
export const trimmedPartitions = pgTable('trimmed_partitions', {
  partition: integer('partition').primaryKey(),
  offset: offset('offset').notNull(),
});

/**
 * The log. Appended to by `append_events` alone, gapless within a partition. Only what every listener has handled is
 * deleted, and only that may be put back from the archive.
 */
export const events = pgTable(
  'events',
  {
    partition: integer('partition').notNull(),
    offset: offset('offset').notNull(),
    id: uuid('id').notNull(),
    type: text('type').notNull(),
    version: integer('version').notNull(),
    key: text('key').notNull(),
    appId: integer('app_id').notNull(),
    sessionId: bigint('session_id', { mode: 'number' }),
    occurredAt: instant('occurred_at').notNull(),
    correlationId: uuid('correlation_id').notNull(),
    causationId: uuid('causation_id'),
    traceparent: text('traceparent'),
    /** The connection that caused it, which is excluded from its broadcast. */
    socketId: text('socket_id'),
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.offset] }),
    uniqueIndex('events_by_id').on(table.id),
    index('events_by_correlation').on(table.correlationId),
    index('events_by_key').on(table.key, table.offset),
    // Ids are in order of time, so this finds times too. Inserts go to the end of each type's range: as many pages as
    // there are types, always in memory. Not unique, so that it needs no partition column.
    index('events_by_type').on(table.type, table.id),
    // The oldest events of an app, which are archived next.
    index('events_by_app').on(table.appId, table.id).concurrently(),
  ],
);

/**
 * One row: positions are only valid within one epoch. A new epoch, after a fail-over or when a backup was restored, makes
 * every client load its state again.
 */
export const logEpoch = pgTable('log_epoch', {
  epoch: uuid('epoch').primaryKey().defaultRandom(),
  /** PostgreSQL's timeline, this table and its cluster, which the epoch belongs to; `null` until a node has connected. */
  timeline: text('timeline'),
});

/** One row per queued listener. */
export const subscriptions = pgTable('subscriptions', {
  name: text('name').primaryKey(),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** The types it has subscribed to in any version that has run on this database. */
  events: text('events').array().notNull().default([]),
});

/** The apps for which a listener is paused until a person resumes it: their events wait, those of others are handled. */
export const pausedApps = pgTable(
  'paused_apps',
  {
    subscription: text('subscription')
      .notNull()
      .references(() => subscriptions.name),
    appId: integer('app_id').notNull(),
    reason: text('reason').notNull(),
    pausedAt: instant('paused_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.subscription, table.appId] })],
);

/** How far each subscription has read each partition; moved by compare-and-set only. */
export const checkpoints = pgTable(
  'checkpoints',
  {
    subscription: text('subscription')
      .notNull()
      .references(() => subscriptions.name),
    partition: integer('partition').notNull(),
    offset: offset('offset').notNull(),
    /** How often an app was given a checkpoint of its own here, or lost it. Each move checks it, and the offset. */
    splits: integer('splits').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.partition, table.subscription] })],
);

/**
 * How far a subscription has read a partition for an app that has a checkpoint of its own: since the listener was paused
 * for it, and until its events are handled up to the checkpoint of all other apps.
 */
export const appCheckpoints = pgTable(
  'app_checkpoints',
  {
    subscription: text('subscription')
      .notNull()
      .references(() => subscriptions.name),
    partition: integer('partition').notNull(),
    appId: integer('app_id').notNull(),
    offset: offset('offset').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.subscription, table.appId] })],
);

/**
 * Events that a listener failed to handle, and the later events of their keys that wait behind them.
 * `waiting` ones are retried in order; `dead` ones, the dead letters, wait for a person.
 */
export const parkedEvents = pgTable(
  'parked_events',
  {
    subscription: text('subscription').notNull(),
    partition: integer('partition').notNull(),
    offset: offset('offset').notNull(),
    eventId: uuid('event_id').notNull(),
    type: text('type').notNull(),
    key: text('key').notNull(),
    appId: integer('app_id').notNull(),
    status: text('status', { enum: ['waiting', 'dead'] }).notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** When the next attempt is due; the events behind the first one of a key are due once it is handled. */
    retryAt: instant('retry_at').notNull().defaultNow(),
    lastError: text('last_error'),
    failures: jsonb('failures').$type<AttemptFailure[]>().notNull().default([]),
    /** Data edited by a person, handled in place of the event's own. */
    editedData: jsonb('edited_data').$type<Record<string, unknown>>(),
    parkedAt: instant('parked_at').notNull().defaultNow(),
    /** The replay in which it failed: it does not count towards the limit that pauses its listener. */
    replayId: bigint('replay_id', { mode: 'number' }),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.subscription, table.offset] }),
    index('parked_events_by_key').on(table.subscription, table.key, table.offset),
    index('parked_events_waiting').on(table.partition, table.retryAt).where(sql`${table.status} = 'waiting'`),
    index('parked_events_by_event').on(table.eventId),
    index('parked_events_by_app').on(table.subscription, table.appId),
  ],
);

/**
 * The node that owns a partition. One that has neither released it nor is alive any more when the next takes over ended
 * unexpectedly.
 */
export const partitionOwners = pgTable('partition_owners', {
  partition: integer('partition').primaryKey(),
  /** `null` once it has released the partition. */
  node: uuid('node'),
  /** How many owners in a row ended unexpectedly. */
  unexpectedEnds: integer('unexpected_ends').notNull().default(0),
});

/** Events that a listener was attempting when the process ended, or attempts now while processes end unexpectedly. */
export const suspectedEvents = pgTable(
  'suspected_events',
  {
    partition: integer('partition').notNull(),
    subscription: text('subscription').notNull(),
    offset: offset('offset').notNull(),
    /** The node that attempts it now, or did when it lost the partition. */
    node: uuid('node'),
    /** When another node took over the partition: it is not known yet whether the process has ended. */
    takenAt: instant('taken_at'),
    /** How often the process ended meanwhile. */
    ends: integer('ends').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.partition, table.subscription, table.offset] })],
);

/** Dead letters that a person discarded; kept as long as their events, in the log or in the archive. */
export const discardedEvents = pgTable(
  'discarded_events',
  {
    eventId: uuid('event_id').notNull(),
    subscription: text('subscription').notNull(),
    /** Who discarded it, as in the audit log. */
    actor: text('actor').notNull(),
    discardedAt: instant('discarded_at').notNull().defaultNow(),
    attempts: integer('attempts').notNull(),
    failures: jsonb('failures').$type<AttemptFailure[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.eventId, table.subscription] })],
);

/** A failed attempt of a listener to handle an event. */
export interface AttemptFailure {
  readonly at: string;
  readonly error: string;
  readonly durationMs: number;
  readonly node: string;
}

/** What was handled, when, and how long it took: one row per committed batch of a listener. */
export const handledBatches = pgTable(
  'handled_batches',
  {
    partition: integer('partition').notNull(),
    subscription: text('subscription').notNull(),
    lastOffset: offset('last_offset').notNull(),
    node: uuid('node').notNull(),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at').notNull(),
    /**
     * The handled events and the duration of each in microseconds; -1 if the listener's condition skipped it. For
     * broadcasts: the events that reached a client, and the time from the event to the broadcast.
     */
    offsets: bigint('offsets', { mode: 'number' }).array().notNull(),
    durationsUs: integer('durations_us').array().notNull(),
    attempt: integer('attempt').notNull().default(1),
    failures: jsonb('failures').$type<AttemptFailure[]>(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.subscription, table.lastOffset, table.attempt] }),
    index('handled_batches_by_time').on(table.finishedAt),
  ],
);

/** The job queues that run in some process; jobs that others have locked are released. */
export const runningJobQueues = pgTable('running_job_queues', {
  /** What its jobs are locked by. */
  id: text('id').primaryKey(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  /** The connection on which it was reported last: gone once the process was killed. */
  backendPid: integer('backend_pid'),
});

/** The processes on this database; one without a recent heartbeat loses its partitions. */
export const nodes = pgTable('nodes', {
  id: uuid('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  /** The backend that holds its partition locks; the other nodes terminate it if the node hangs. */
  lockBackendPid: integer('lock_backend_pid').notNull(),
  startedAt: instant('started_at').notNull().defaultNow(),
  heartbeatAt: instant('heartbeat_at').notNull().defaultNow(),
});
