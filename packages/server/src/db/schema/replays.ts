import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import type { AttemptFailure } from './log.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Replays: events that a person had some listeners handle again. */
export const replays = pgTable('replays', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  actor: text('actor').notNull(),
  listeners: text('listeners').array().notNull(),
  filter: jsonb('filter').$type<Record<string, unknown>>().notNull(),
  /** The client's key, with a hash of the request: a repeated request is the same replay. */
  idempotencyKey: text('idempotency_key').unique(),
  requestHash: text('request_hash'),
  createdAt: instant('created_at').notNull().defaultNow(),
  cancelledAt: instant('cancelled_at'),
});

/** One event to be handled again by one listener; those of a key in the order of the log. */
export const replayEntries = pgTable(
  'replay_entries',
  {
    replayId: bigint('replay_id', { mode: 'number' })
      .notNull()
      .references(() => replays.id, { onDelete: 'cascade' }),
    subscription: text('subscription').notNull(),
    partition: integer('partition').notNull(),
    offset: bigint('offset', { mode: 'number' }).notNull(),
    eventId: uuid('event_id').notNull(),
    key: text('key').notNull(),
    appId: integer('app_id').notNull(),
    status: text('status', { enum: ['waiting', 'done', 'skipped', 'dead', 'cancelled'] })
      .notNull()
      .default('waiting'),
    attempts: integer('attempts').notNull().default(0),
    retryAt: instant('retry_at').notNull().defaultNow(),
    failures: jsonb('failures').$type<AttemptFailure[]>().notNull().default([]),
    finishedAt: instant('finished_at'),
    /** The duration of the successful attempt in microseconds. */
    durationUs: integer('duration_us'),
  },
  (table) => [
    primaryKey({ columns: [table.replayId, table.partition, table.subscription, table.offset] }),
    index('replay_entries_waiting')
      .on(table.partition, table.subscription, table.key, table.replayId, table.offset)
      .where(sql`${table.status} = 'waiting'`),
    index('replay_entries_open').on(table.replayId).where(sql`${table.status} in ('waiting', 'dead')`),
    index('replay_entries_by_event').on(table.eventId),
  ],
);
