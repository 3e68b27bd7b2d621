import { sql } from 'drizzle-orm';
import {
  bigint,
  customType,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Inbound emails, byte for byte, stored before they are processed. */
export const inboundEmails = pgTable(
  'inbound_emails',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    channel: text('channel').notNull(),
    source: text('source', { enum: ['smtp', 'imap'] }).notNull(),
    /** Identifies a repeated email: its Message-ID and sender, or a hash of its content if it has none. */
    deduplicationKey: text('deduplication_key').notNull(),
    /** The envelope's sender; empty for bounces. Emails of one sender are processed one after another. */
    sender: text('sender').notNull(),
    /** The envelope's recipient. */
    recipient: text('recipient').notNull(),
    /** Its Message-ID in angle brackets; `null` if it has no valid one. */
    messageId: text('message_id'),
    raw: bytes('raw').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    status: text('status', { enum: ['received', 'handled', 'ignored', 'unreadable', 'failed'] })
      .notNull()
      .default('received'),
    /** Why it was not turned into a message. */
    note: text('note'),
    /** Attempts to process it; reset when it is processed again on request. */
    attempts: integer('attempts').notNull().default(0),
    /** The earliest time of the next attempt; `null` if none has failed. */
    retryAt: instant('retry_at'),
    /** Its conversation, once known. */
    conversationKey: text('conversation_key'),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('inbound_emails_once').on(table.appId, table.channel, table.deduplicationKey),
    index('inbound_emails_waiting')
      .on(table.appId, table.channel, table.sender, table.id)
      .where(sql`${table.status} = 'received'`),
    index('inbound_emails_by_message_id').on(table.appId, table.messageId),
    index('inbound_emails_by_time').on(table.receivedAt).concurrently(),
    index('inbound_emails_by_channel').on(table.appId, table.channel, table.receivedAt).concurrently(),
    index('inbound_emails_unhandled').on(table.id).where(sql`${table.status} <> 'handled'`).concurrently(),
    index('inbound_emails_by_sender').on(table.appId, table.channel, table.sender, table.receivedAt),
  ],
);

/** How far an IMAP mailbox was read. */
export const mailboxCursors = pgTable(
  'mailbox_cursors',
  {
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    channel: text('channel').notNull(),
    /** The address of the mailbox: another mailbox has its own cursor. */
    mailbox: text('mailbox').notNull(),
    /** The IMAP UIDVALIDITY; when it changes, all UIDs are new. */
    uidValidity: text('uid_validity').notNull(),
    lastUid: bigint('last_uid', { mode: 'number' }).notNull(),
    readAt: instant('read_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.appId, table.channel, table.mailbox] })],
);
