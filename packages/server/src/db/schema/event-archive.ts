import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/**
 * The archive of the log: files in the file store, each with events of one app and one day (UTC), in the order of their
 * ids, which is that of time. `writing`: the file is not complete yet; `archived`: the events are in the file; `loading`,
 * `loaded`: in the log as well, or soon, until `loaded_until`; `failed`: the file could not be loaded.
 */
export const eventSegments = pgTable(
  'event_segments',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    firstId: uuid('first_id').notNull(),
    lastId: uuid('last_id').notNull(),
    /** The times of those ids. */
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull(),
    events: integer('events').notNull(),
    /** Of the compressed file. */
    bytes: integer('bytes').notNull(),
    /** SHA-256 of the compressed file, in hexadecimal. */
    digest: text('digest').notNull(),
    status: text('status', { enum: ['writing', 'archived', 'loading', 'loaded', 'failed'] }).notNull(),
    loadedUntil: instant('loaded_until'),
    /** Why it could not be loaded. */
    error: text('error'),
    archivedAt: instant('archived_at').notNull().defaultNow(),
  },
  (table) => [
    // A file that is being written becomes part of the archive only if no other one has these events.
    uniqueIndex('event_segments_by_app')
      .on(table.appId, table.firstId)
      .where(sql`${table.status} <> 'writing'`),
    index('event_segments_by_time').on(table.firstAt),
  ],
);
