import {
  bigint,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Each time a part of the system became ok, degraded or down. */
export const healthChanges = pgTable(
  'health_changes',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    part: text('part', { enum: ['events', 'channels', 'jobs', 'database'] }).notNull(),
    status: text('status', { enum: ['ok', 'degraded', 'down'] }).notNull(),
    reason: text('reason').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (table) => [index('health_changes_by_part').on(table.part, table.id)],
);

/** A period in which a node was running and checked the health of all parts. */
export const observedPeriods = pgTable('observed_periods', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  beganAt: instant('began_at').notNull().defaultNow(),
  /** The last check. */
  lookedAt: instant('looked_at').notNull().defaultNow(),
});

/** Statistics per minute and per hour: every process adds to the same row. */
export const statistics = pgTable(
  'statistics',
  {
    step: text('step', { enum: ['minute', 'hour'] }).notNull(),
    /** The start of the minute or hour. */
    at: instant('at').notNull(),
    name: text('name').notNull(),
    /** What is counted, such as an event type; empty if there is only one. */
    label: text('label').notNull(),
    count: bigint('count', { mode: 'number' }).notNull(),
    sum: doublePrecision('sum').notNull(),
    /** The count of each histogram bucket; empty for plain counts. */
    buckets: integer('buckets').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.step, table.at, table.name, table.label] })],
);
