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

/** Each time that a part of the system became well, degraded or down. */
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

/** A stretch of time in which somebody looked at the health of all parts again and again. */
export const observedPeriods = pgTable('observed_periods', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  beganAt: instant('began_at').notNull().defaultNow(),
  /** The last look of it. */
  lookedAt: instant('looked_at').notNull().defaultNow(),
});

/** What was measured in each minute and each hour: every process adds its own to the same row. */
export const statistics = pgTable(
  'statistics',
  {
    step: text('step', { enum: ['minute', 'hour'] }).notNull(),
    /** When the step began. */
    at: instant('at').notNull(),
    name: text('name').notNull(),
    /** What it is of, such as the kind of an event; empty where there is but one. */
    label: text('label').notNull(),
    count: bigint('count', { mode: 'number' }).notNull(),
    sum: doublePrecision('sum').notNull(),
    /** How many fell into each bucket; empty where only the count matters. */
    buckets: integer('buckets').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.step, table.at, table.name, table.label] })],
);
