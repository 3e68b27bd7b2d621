import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';
import { messages } from './conversations.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const idOf = (name: string) => bigint(name, { mode: 'number' });

/** The comment that a message replies to, and whether the reply is public. */
export type AnsweredComment = { readonly id: string; readonly visibility: 'public' | 'private' };

/** A reply on its way to one contact. Those of a conversation are sent one at a time, oldest message first. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: id(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    messageId: idOf('message_id')
      .notNull()
      .references(() => messages.id),
    sessionId: idOf('session_id').notNull(),
    customerId: idOf('customer_id').notNull(),
    channel: text('channel').notNull(),
    contactId: text('contact_id').notNull(),
    /** The conversation whose order it keeps: the message's own, or the fallback's. */
    conversationKey: text('conversation_key').notNull(),
    /** The comment that it replies to; `null` for a message to the contact. */
    comment: jsonb('comment').$type<AnsweredComment>(),
    status: text('status', { enum: ['queued', 'sending', 'sent', 'delivered', 'read', 'failed'] })
      .notNull()
      .default('queued'),
    /** The provider's id of each part that it accepted. */
    externalIds: jsonb('external_ids').$type<string[]>().notNull().default([]),
    /** Attempts to send the next part; they count towards the limit. */
    attempts: integer('attempts').notNull().default(0),
    /** Attempts whose outcome is unknown. */
    doubts: integer('doubts').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at').notNull().defaultNow(),
    /** The slot reserved for it by the pacing of its channel. */
    slotAt: instant('slot_at'),
    /** While it is being sent: when its sender counts as dead. */
    leaseUntil: instant('lease_until'),
    error: text('error'),
    /** The delivery that this one replaces. */
    fallbackOf: idOf('fallback_of'),
    /** The event that requested it, and the cause of the events that follow. */
    eventId: text('event_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Since when it waits to be sent: when it was created, or retried by a person. */
    queuedAt: instant('queued_at').notNull().defaultNow(),
    /**
     * When the attempt started that delivered its last part, or that was the last one when the provider reported that
     * an accepted part failed. A retry then sends all parts again.
     */
    sentAt: instant('sent_at'),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    uniqueIndex('deliveries_once').on(table.messageId, table.conversationKey),
    index('deliveries_open')
      .on(table.conversationKey, table.messageId)
      .where(sql`${table.status} in ('queued', 'sending')`),
    index('deliveries_unconfirmed')
      .on(table.conversationKey)
      .where(sql`${table.status} in ('sent', 'delivered')`),
    index('deliveries_by_conversation').on(table.conversationKey, table.id),
    index('deliveries_by_session').on(table.sessionId, table.id),
    index('deliveries_by_time').on(table.createdAt),
    index('deliveries_doubtful').on(table.id).where(sql`${table.doubts} > 0`).concurrently(),
    index('deliveries_failed').on(table.id).where(sql`${table.status} = 'failed'`).concurrently(),
    index('deliveries_waiting')
      .on(table.appId, table.channel)
      .where(sql`${table.status} in ('queued', 'sending')`),
    index('deliveries_ended').on(table.finishedAt).where(sql`${table.finishedAt} is not null`),
  ],
);

/** Each request to a provider and its outcome. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    id: id(),
    deliveryId: idOf('delivery_id')
      .notNull()
      .references(() => deliveries.id, { onDelete: 'cascade' }),
    /** The index of the part in the message. */
    part: integer('part').notNull(),
    /** Whether sending it twice does little harm. */
    isRepeatable: boolean('is_repeatable').notNull(),
    outcome: text('outcome', {
      enum: ['open', 'sent', 'temporary', 'permanent', 'channel_down', 'doubtful'],
    })
      .notNull()
      .default('open'),
    error: text('error'),
    externalId: text('external_id'),
    /** The decision about an unknown outcome: resend unless the provider confirms it in time, or give up. */
    decision: text('decision', { enum: ['resend', 'give_up', 'arrived'] }),
    startedAt: instant('started_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
  },
  (table) => [index('delivery_attempts_by_delivery').on(table.deliveryId, table.id)],
);

/** The state of a channel: while it is down or paused, its deliveries wait and none fails. */
export const channelHealth = pgTable(
  'channel_health',
  {
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    channel: text('channel').notNull(),
    isDown: boolean('is_down').notNull().default(false),
    reason: text('reason'),
    since: instant('since'),
    /** Consecutive failures that the channel may have caused. */
    failures: integer('failures').notNull().default(0),
    probes: integer('probes').notNull().default(0),
    probeAt: instant('probe_at'),
    /** Until when the provider asks us to wait, for example at its rate limit. */
    pausedUntil: instant('paused_until'),
  },
  (table) => [primaryKey({ columns: [table.appId, table.channel] })],
);

/** How much of a provider's rate is used, by all nodes; in milliseconds of the database's clock. */
export const pacingLanes = pgTable('pacing_lanes', {
  lane: text('lane').primaryKey(),
  /** When the messages sent so far would have been sent at an even pace. */
  usedUntil: doublePrecision('used_until').notNull(),
  /** The last slot that is reserved. */
  queuedUntil: doublePrecision('queued_until').notNull(),
});

/** Up to when a contact received and read messages. A receipt may arrive before the response to the send. */
export const receiptWatermarks = pgTable('receipt_watermarks', {
  conversationKey: text('conversation_key').primaryKey(),
  deliveredUntil: instant('delivered_until'),
  readUntil: instant('read_until'),
});

/**
 * Receipts for single messages that arrived before the response to the send, by the provider's id. Those of messages that
 * were sent with other tools stay here, and are deleted after an hour.
 */
export const earlyReceipts = pgTable(
  'early_receipts',
  {
    conversationKey: text('conversation_key').notNull(),
    externalId: text('external_id').notNull(),
    status: text('status', { enum: ['delivered', 'read'] }).notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.conversationKey, table.externalId] })],
);
