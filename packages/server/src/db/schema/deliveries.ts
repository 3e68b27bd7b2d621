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
import { messages } from './conversations.ts';
import { apps } from './tenancy.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const idOf = (name: string) => bigint(name, { mode: 'number' });

/** The comment that a message answers, and whether everybody may read the answer. */
export type AnsweredComment = { readonly id: string; readonly visibility: 'public' | 'private' };

/** A message on its way out to one contact; those of a conversation go one after another, oldest message first. */
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
    /** The conversation in whose order it waits: the message's own, or where it fell back to. */
    conversationKey: text('conversation_key').notNull(),
    /** The comment that it answers; `null` where it goes to the contact. */
    comment: jsonb('comment').$type<AnsweredComment>(),
    status: text('status', { enum: ['queued', 'sending', 'sent', 'delivered', 'read', 'failed'] })
      .notNull()
      .default('queued'),
    /** The provider's number of each part that is known to have been accepted. */
    externalIds: jsonb('external_ids').$type<string[]>().notNull().default([]),
    /** Attempts at the part that is next: they count towards the limit. */
    attempts: integer('attempts').notNull().default(0),
    /** Attempts of which nobody can say whether they were accepted. */
    doubts: integer('doubts').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at').notNull().defaultNow(),
    /** When its turn comes, where it waits for others so that its channel keeps its pace. */
    slotAt: instant('slot_at'),
    /** While it is being sent: when whoever sends it counts as dead. */
    leaseUntil: instant('lease_until'),
    error: text('error'),
    /** The delivery instead of which this one was made. */
    fallbackOf: idOf('fallback_of'),
    /** The event that asked for it: what follows from it carries it as its cause. */
    eventId: text('event_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Since when it waits to be sent: since it was made, or since a person wanted it tried again. */
    queuedAt: instant('queued_at').notNull().defaultNow(),
    /** When the attempt began that brought its last part across. */
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
    index('deliveries_by_session').on(table.sessionId, table.id),
    index('deliveries_by_time').on(table.createdAt),
    index('deliveries_waiting')
      .on(table.appId, table.channel)
      .where(sql`${table.status} in ('queued', 'sending')`),
    index('deliveries_ended').on(table.finishedAt).where(sql`${table.finishedAt} is not null`),
  ],
);

/** Each time something was handed to a provider, and what came of it. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    id: id(),
    deliveryId: idOf('delivery_id')
      .notNull()
      .references(() => deliveries.id, { onDelete: 'cascade' }),
    /** Which part of the message, from 0. */
    part: integer('part').notNull(),
    /** Whether it does little harm when it arrives twice. */
    isRepeatable: boolean('is_repeatable').notNull(),
    outcome: text('outcome', {
      enum: ['open', 'sent', 'temporary', 'permanent', 'channel_down', 'doubtful'],
    })
      .notNull()
      .default('open'),
    error: text('error'),
    externalId: text('external_id'),
    /** What was decided about a doubt: wait for the provider's echo and send again, or give up. */
    decision: text('decision', { enum: ['resend', 'give_up', 'arrived'] }),
    startedAt: instant('started_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
  },
  (table) => [index('delivery_attempts_by_delivery').on(table.deliveryId, table.id)],
);

/** How a channel is doing: while it is down or paused, nothing is sent there and nothing fails. */
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
    /** Failures in a row that may be the channel's. */
    failures: integer('failures').notNull().default(0),
    probes: integer('probes').notNull().default(0),
    probeAt: instant('probe_at'),
    /** The provider's own wish, as where its rate limit is reached. */
    pausedUntil: instant('paused_until'),
  },
  (table) => [primaryKey({ columns: [table.appId, table.channel] })],
);

/** How much of a provider's pace is used up, for all nodes; in milliseconds of the database's clock. */
export const pacingLanes = pgTable('pacing_lanes', {
  lane: text('lane').primaryKey(),
  /** Until when what has gone out would take at an even pace. */
  usedUntil: doublePrecision('used_until').notNull(),
  /** Until when those have their turns that wait. */
  queuedUntil: doublePrecision('queued_until').notNull(),
});

/** How far a contact has got and read what was sent, by the provider's word; it may come before the send's answer. */
export const receiptWatermarks = pgTable('receipt_watermarks', {
  conversationKey: text('conversation_key').primaryKey(),
  deliveredUntil: instant('delivered_until'),
  readUntil: instant('read_until'),
});
