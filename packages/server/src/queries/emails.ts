import { type EmailRecord, ProblemError } from '@mevrik/protocol';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { inboundEmails, messages } from '../db/schema.ts';
import { beforeId, type ListPage, type ListRequest, pageOf } from './page.ts';

/** What is looked for among the kept mails. */
export interface EmailFilter {
  readonly appId?: number | undefined;
  readonly channel?: string | undefined;
  readonly status?: EmailRecord['status'] | undefined;
}

const { id, appId, channel, status, conversationKey } = inboundEmails;
/** Every column but the raw email itself. */
const recordColumns = {
  id,
  appId,
  channel,
  source: inboundEmails.source,
  deduplicationKey: inboundEmails.deduplicationKey,
  sender: inboundEmails.sender,
  recipient: inboundEmails.recipient,
  messageId: inboundEmails.messageId,
  sizeBytes: inboundEmails.sizeBytes,
  status,
  note: inboundEmails.note,
  attempts: inboundEmails.attempts,
  retryAt: inboundEmails.retryAt,
  conversationKey,
  receivedAt: inboundEmails.receivedAt,
};

/** The mails that came in, newest first, and how many there are of each state. */
export async function listEmails(
  { orm }: Database,
  filter: EmailFilter,
  page: ListRequest,
): Promise<ListPage<EmailRecord> & { readonly counts: Readonly<Record<string, number>> }> {
  const place = [
    ...(filter.appId === undefined ? [] : [eq(appId, filter.appId)]),
    ...(filter.channel === undefined ? [] : [eq(channel, filter.channel)]),
  ];
  const wanted = filter.status === undefined ? place : [...place, eq(status, filter.status)];
  const [rows, counted] = await Promise.all([
    orm
      .select(recordColumns)
      .from(inboundEmails)
      .where(and(lt(id, beforeId(page)), ...wanted))
      .orderBy(desc(id))
      .limit(page.limit + 1),
    orm
      .select({ status, count: sql<number>`count(*)::int` })
      .from(inboundEmails)
      .where(and(...place))
      .groupBy(status),
  ]);
  const counts = Object.fromEntries(counted.map((row) => [row.status, row.count]));
  return { ...pageOf(rows, page.limit, (row) => row), counts };
}

/** A kept mail as it came in. @throws ProblemError `not_found`. */
export async function requireEmail({ orm }: Database, mailId: number) {
  const [row] = await orm.select().from(inboundEmails).where(eq(id, mailId));
  if (!row) throw new ProblemError('not_found', 'Email not found.');
  return row;
}

/** The mail that a message was made of. @throws ProblemError `not_found`. */
export async function requireEmailOf({ orm }: Database, idOfMessage: number) {
  const [row] = await orm
    .select({ email: inboundEmails })
    .from(messages)
    .innerJoin(
      inboundEmails,
      and(
        eq(appId, messages.appId),
        eq(channel, messages.channel),
        eq(conversationKey, messages.conversationKey),
        sql`coalesce(${inboundEmails.messageId}, ${inboundEmails.deduplicationKey}) = ${messages.externalId}`,
      ),
    )
    .where(eq(messages.id, idOfMessage));
  if (!row) throw new ProblemError('not_found', 'Message not found, or it did not arrive by email.');
  return row.email;
}
