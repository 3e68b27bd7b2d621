import type { CsatAnswer, MessageContent } from '@mevrik/protocol';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { agents, apps } from './apps.ts';
import type { SocialContext } from './social-context.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const idOf = (name: string) => bigint(name, { mode: 'number' });
const appId = () =>
  integer('app_id')
    .notNull()
    .references(() => apps.id);
const priority = () =>
  text('priority', { enum: ['low', 'normal', 'high', 'urgent'] })
    .notNull()
    .default('normal');

/** Customers: the people who write to an app. */
export const customers = pgTable(
  'customers',
  {
    id: id(),
    appId: appId(),
    conversationKey: text('conversation_key').notNull(),
    externalId: text('external_id'),
    name: text('name'),
    email: text('email'),
    phone: text('phone'),
    locale: text('locale'),
    verified: boolean('verified').notNull().default(false),
    attributes: jsonb('attributes').$type<Record<string, string | number | boolean>>().notNull().default({}),
    /** The customer this one was merged into, which has all of its conversations now. */
    mergedInto: idOf('merged_into').references((): AnyPgColumn => customers.id),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('customers_by_external_id')
      .on(table.appId, table.externalId)
      .where(sql`${table.externalId} is not null`),
    index('customers_by_app').on(table.appId, table.id).concurrently(),
    index('customers_by_email').on(table.appId, table.email).where(sql`${table.email} is not null`),
    index('customers_by_phone').on(table.appId, table.phone).where(sql`${table.phone} is not null`),
    index('customers_merged').on(table.mergedInto).where(sql`${table.mergedInto} is not null`),
  ],
);

/** A customer's identity on one channel. Its conversation key orders everything that happens there. */
export const contactIdentities = pgTable(
  'contact_identities',
  {
    id: id(),
    appId: appId(),
    customerId: idOf('customer_id')
      .notNull()
      .references(() => customers.id),
    channel: text('channel').notNull(),
    contactId: text('contact_id').notNull(),
    conversationKey: text('conversation_key').notNull().unique(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('contact_identities_by_customer').on(table.customerId),
    index('contact_identities_by_app').on(table.appId, table.customerId).concurrently(),
  ],
);

/** Sessions: stretches of a conversation, with the bot or live. */
export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    appId: appId(),
    customerId: idOf('customer_id')
      .notNull()
      .references(() => customers.id),
    /** Not a foreign key: each message would pay for the index that the deletion of a contact needs to check it. */
    contactIdentityId: idOf('contact_identity_id').notNull(),
    conversationKey: text('conversation_key').notNull(),
    channel: text('channel').notNull(),
    status: text('status', { enum: ['active', 'expired', 'ended'] })
      .notNull()
      .default('active'),
    agentType: text('agent_type', { enum: ['bot', 'live'] })
      .notNull()
      .default('bot'),
    path: text('path').notNull().default('bot'),
    assignedAgentId: integer('assigned_agent_id').references(() => agents.id),
    openCaseId: idOf('open_case_id'),
    botState: jsonb('bot_state').$type<Record<string, unknown>>(),
    /** The post or comment that the conversation began with, if any. */
    socialContext: jsonb('social_context').$type<SocialContext>(),
    customerReadMessageId: idOf('customer_read_message_id'),
    agentReadMessageId: idOf('agent_read_message_id'),
    expiresAt: instant('expires_at').notNull(),
    lastActivityAt: instant('last_activity_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('sessions_one_active').on(table.conversationKey).where(sql`${table.status} = 'active'`),
    index('sessions_by_conversation').on(table.conversationKey, table.id),
    index('sessions_by_app').on(table.appId, table.id),
    index('sessions_by_customer').on(table.customerId),
    index('sessions_by_expiry').on(table.expiresAt).where(sql`${table.status} = 'active'`),
    index('sessions_active_by_activity')
      .on(table.lastActivityAt.desc().nullsFirst(), table.id.desc().nullsFirst())
      .where(sql`${table.status} = 'active'`),
    index('sessions_with_open_case').on(table.assignedAgentId).where(sql`${table.openCaseId} is not null`),
    index('sessions_over')
      .on(table.appId, table.lastActivityAt)
      .where(sql`${table.status} <> 'active'`)
      .concurrently(),
  ],
);

/** Messages, replies and notes. */
export const messages = pgTable(
  'messages',
  {
    id: id(),
    appId: integer('app_id').notNull(),
    sessionId: idOf('session_id')
      .notNull()
      .references(() => sessions.id),
    customerId: idOf('customer_id').notNull(),
    caseId: idOf('case_id'),
    conversationKey: text('conversation_key').notNull(),
    channel: text('channel').notNull(),
    kind: text('kind', {
      enum: [
        'text',
        'attachment',
        'postback',
        'quick_reply',
        'video_call_request',
        'csat_answer',
        'note',
        'system',
      ],
    }).notNull(),
    isReply: boolean('is_reply').notNull(),
    agentType: text('agent_type', { enum: ['bot', 'live'] }).notNull(),
    senderType: text('sender_type', { enum: ['customer', 'bot', 'agent', 'system'] }).notNull(),
    senderId: idOf('sender_id'),
    senderName: text('sender_name'),
    content: jsonb('content').$type<MessageContent>().notNull(),
    deliveryStatus: text('delivery_status', {
      enum: ['received', 'pending', 'sent', 'delivered', 'read', 'failed'],
    }).notNull(),
    deliveryError: text('delivery_error'),
    /** When it was processed (`postRead` of the specification). */
    readAt: instant('read_at'),
    /** The provider's id of an incoming message: a repeated one is stored once. */
    externalId: text('external_id'),
    /** The client's id of the request: a repeated POST gets the first one's response. */
    idempotencyKey: text('idempotency_key'),
    idempotencyHash: text('idempotency_hash'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('messages_by_conversation').on(table.conversationKey, table.id),
    index('messages_by_session').on(table.sessionId, table.id),
    index('messages_by_time').on(table.createdAt),
    // Which messages still have a file.
    index('messages_by_file')
      .using('gin', sql`(${table.content} -> 'attachments') jsonb_path_ops`)
      .where(sql`${table.content} ? 'attachments'`)
      .concurrently(),
    uniqueIndex('messages_by_idempotency_key')
      .on(table.conversationKey, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
    uniqueIndex('messages_by_external_id')
      .on(table.conversationKey, table.externalId)
      .where(sql`${table.externalId} is not null`),
  ],
);

/** Cases: requests that agents resolve. */
export const cases = pgTable(
  'cases',
  {
    id: id(),
    appId: appId(),
    sessionId: idOf('session_id')
      .notNull()
      .references(() => sessions.id),
    customerId: idOf('customer_id')
      .notNull()
      .references(() => customers.id),
    conversationKey: text('conversation_key').notNull(),
    status: text('status', { enum: ['open', 'closed'] })
      .notNull()
      .default('open'),
    priority: priority(),
    subject: text('subject'),
    assignedAgentId: integer('assigned_agent_id').references(() => agents.id),
    disposition: text('disposition'),
    /** The values of the disposition's fields, by field name. */
    dispositionFields: jsonb('disposition_fields').$type<Record<string, string>>().notNull().default({}),
    closedBy: text('closed_by', { enum: ['agent', 'timeout', 'automatic'] }),
    closedAt: instant('closed_at'),
    firstReplyAt: instant('first_reply_at'),
    /** When the first reply is due, by the app's target at the time the case was opened. */
    firstReplyDueAt: instant('first_reply_due_at'),
    lastActivityAt: instant('last_activity_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('cases_one_open').on(table.sessionId).where(sql`${table.status} = 'open'`),
    index('cases_by_session').on(table.sessionId).concurrently(),
    index('cases_open_by_activity').on(table.lastActivityAt).where(sql`${table.status} = 'open'`),
    index('cases_by_customer').on(table.customerId),
    index('cases_unanswered')
      .on(table.appId, table.firstReplyDueAt)
      .where(sql`${table.status} = 'open' and ${table.firstReplyAt} is null`),
  ],
);

/** Queue items: the positions of cases in queues. */
export const queueItems = pgTable(
  'queue_items',
  {
    id: id(),
    appId: appId(),
    sessionId: idOf('session_id')
      .notNull()
      .references(() => sessions.id),
    customerId: idOf('customer_id').notNull(),
    caseId: idOf('case_id')
      .notNull()
      .references(() => cases.id),
    conversationKey: text('conversation_key').notNull(),
    queue: text('queue').notNull(),
    status: text('status', { enum: ['waiting', 'assigned', 'done', 'abandoned'] })
      .notNull()
      .default('waiting'),
    reason: text('reason', {
      enum: ['handover', 'transfer', 'rule', 'video_call', 'offline_form'],
    }).notNull(),
    skills: jsonb('skills').$type<string[]>().notNull().default([]),
    priority: priority(),
    assignedAgentId: integer('assigned_agent_id').references(() => agents.id),
    assignedAt: instant('assigned_at'),
    finishedAt: instant('finished_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('queue_items_waiting')
      .on(table.appId, table.queue, table.id)
      .where(sql`${table.status} = 'waiting'`),
    index('queue_items_by_time').on(table.createdAt),
    index('queue_items_by_session').on(table.sessionId).concurrently(),
    index('queue_items_by_case').on(table.caseId).concurrently(),
    index('queue_items_served')
      .on(table.appId, table.queue, table.assignedAt)
      .where(sql`${table.assignedAt} is not null`),
    index('queue_items_assigned').on(table.assignedAgentId).where(sql`${table.status} = 'assigned'`),
    index('queue_items_by_assignment').on(table.assignedAt).where(sql`${table.assignedAt} is not null`),
    uniqueIndex('queue_items_one_live')
      .on(table.sessionId)
      .where(sql`${table.status} in ('waiting', 'assigned')`),
  ],
);

/** Satisfaction surveys and their answers. */
export const csatSurveys = pgTable(
  'csat_surveys',
  {
    id: id(),
    appId: appId(),
    caseId: idOf('case_id')
      .notNull()
      .references(() => cases.id)
      .unique(),
    sessionId: idOf('session_id').notNull(),
    customerId: idOf('customer_id').notNull(),
    conversationKey: text('conversation_key').notNull(),
    status: text('status', { enum: ['sent', 'answered', 'expired'] })
      .notNull()
      .default('sent'),
    answer: jsonb('answer').$type<CsatAnswer>(),
    answeredAt: instant('answered_at'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('csat_surveys_one_sent').on(table.sessionId).where(sql`${table.status} = 'sent'`),
    index('csat_surveys_by_answer').on(table.answeredAt).where(sql`${table.answeredAt} is not null`),
    index('csat_surveys_by_customer').on(table.customerId, table.createdAt),
  ],
);

/** Messages that wait for the response of an HTTP bot: one at a time per session, oldest first. */
export const botTurns = pgTable(
  'bot_turns',
  {
    id: id(),
    appId: integer('app_id').notNull(),
    sessionId: idOf('session_id')
      .notNull()
      .references(() => sessions.id),
    /** The event that triggered it, and the cause of the bot's reply. */
    eventId: text('event_id').notNull().unique(),
    request: jsonb('request').$type<Record<string, unknown>>().notNull(),
    status: text('status', { enum: ['waiting', 'answered', 'failed'] })
      .notNull()
      .default('waiting'),
    leaseUntil: instant('lease_until'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('bot_turns_waiting').on(table.sessionId, table.id).where(sql`${table.status} = 'waiting'`),
    index('bot_turns_by_session').on(table.sessionId).concurrently(),
  ],
);
