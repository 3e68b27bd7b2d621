import { type EmailRecord, ProblemError } from '@mevrik/protocol';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { inboundEmails, messages } from '../db/schema.ts';
import { beforeId, type Page, type PageRequest, toPage } from './page.ts';

/** What is looked for among the kept mails. */
export interface EmailFilter {
  readonly appId?: number | undefined;
  readonly channel?: string | undefined;
  readonly status?: EmailRecord['status'] | undefined;
}

const { id, appId, channel, source, deduplicationKey, sender, recipient, messageId } = inboundEmails;
const { sizeBytes, status, note, attempts, retryAt, conversationKey, receivedAt } = inboundEmails;
const record = {
  ...{ id, appId, channel, source, deduplicationKey, sender, recipient, messageId },
  ...{ sizeBytes, status, note, attempts, retryAt, conversationKey, receivedAt },
};

/** The mails that came in, newest first, and how many there are of each state. */
export async function listEmails(
  { orm }: Database,
  filter: EmailFilter,
  page: PageRequest,
): Promise<Page<EmailRecord> & { readonly counts: Readonly<Record<string, number>> }> {
  const place = [
    ...(filter.appId === undefined ? [] : [eq(appId, filter.appId)]),
    ...(filter.channel === undefined ? [] : [eq(channel, filter.channel)]),
  ];
  const wanted = filter.status === undefined ? place : [...place, eq(status, filter.status)];
  const [rows, counted] = await Promise.all([
    orm
      .select(record)
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
  return { ...toPage(rows, page.limit, (row) => row), counts };
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
        sql`coalesce(${messageId}, ${deduplicationKey}) = ${messages.externalId}`,
      ),
    )
    .where(eq(messages.id, idOfMessage));
  if (!row) throw new ProblemError('not_found', 'Message not found, or it did not arrive by email.');
  return row.email;
}
