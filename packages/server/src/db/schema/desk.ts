import { sql } from 'drizzle-orm';
import { integer, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Saved replies of agents, found by their shortcut. */
export const cannedReplies = pgTable(
  'canned_replies',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    shortcut: text('shortcut').notNull(),
    /** With placeholders such as `{{customer.name}}`. */
    text: text('text').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('canned_replies_by_shortcut').on(table.appId, sql`lower(${table.shortcut})`)],
);
