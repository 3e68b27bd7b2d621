import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Webhook events of providers, stored raw before they are processed. */
export const webhookEventLogs = pgTable(
  'webhook_event_logs',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    channel: text('channel').notNull(),
    provider: text('provider').notNull(),
    deduplicationKey: text('deduplication_key').notNull(),
    conversationKey: text('conversation_key').notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    status: text('status', { enum: ['received', 'handled', 'ignored'] })
      .notNull()
      .default('received'),
    note: text('note'),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('webhook_event_logs_once').on(table.appId, table.channel, table.deduplicationKey),
    index('webhook_event_logs_by_channel').on(table.appId, table.channel, table.receivedAt),
    index('webhook_event_logs_by_time').on(table.receivedAt),
    // The list of webhook events of one kind of provider, also of one that has sent none.
    index('webhook_event_logs_by_provider').on(table.provider, table.id).concurrently(),
    index('webhook_event_logs_unhandled')
      .on(table.id)
      .where(sql`${table.status} <> 'handled'`)
      .concurrently(),
  ],
);
