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
import { apps } from './tenancy.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Mails as they came in, every byte of them, before anything is made of them. */
export const inboundEmails = pgTable(
  'inbound_emails',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    channel: text('channel').notNull(),
    source: text('source', { enum: ['smtp', 'imap'] }).notNull(),
    /** What a repeated mail is known by: its Message-ID and sender, or its content where it has none. */
    deduplicationKey: text('deduplication_key').notNull(),
    /** Who sent it, by the envelope; empty for bounces. Mails of one sender are taken in one after another. */
    sender: text('sender').notNull(),
    /** Whom it was for, by the envelope. */
    recipient: text('recipient').notNull(),
    /** Its Message-ID in angle brackets; `null` where it has none that can be referred to. */
    messageId: text('message_id'),
    raw: bytes('raw').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    status: text('status', { enum: ['received', 'handled', 'ignored', 'unreadable', 'failed'] })
      .notNull()
      .default('received'),
    /** Why nothing was made of it. */
    note: text('note'),
    /** How often it was tried to make something of it; one that is given once more begins anew. */
    attempts: integer('attempts').notNull().default(0),
    /** Not before then is it tried again; `null` where nothing has failed. */
    retryAt: instant('retry_at'),
    /** The conversation that it belongs to, once that is known. */
    conversationKey: text('conversation_key'),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('inbound_emails_once').on(table.appId, table.channel, table.deduplicationKey),
    index('inbound_emails_waiting')
      .on(table.appId, table.channel, table.sender, table.id)
      .where(sql`${table.status} = 'received'`),
    index('inbound_emails_by_message_id').on(table.appId, table.messageId),
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
    /** The mailbox as it is addressed: another one has another cursor. */
    mailbox: text('mailbox').notNull(),
    /** The server's mark of the numbering; another one means that all numbers are new. */
    uidValidity: text('uid_validity').notNull(),
    lastUid: bigint('last_uid', { mode: 'number' }).notNull(),
    readAt: instant('read_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.appId, table.channel, table.mailbox] })],
);
