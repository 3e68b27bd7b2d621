import { type EmailRecord, type Page, ProblemError } from '@mevrik/protocol';
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';
import { inboundEmails, messages } from '../db/schema.ts';
import { countByStatus } from './count-by-status.ts';

/** The filter of a list of inbound emails. */
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

/** Inbound emails, newest first, and their counts by status. */
export async function listEmails(
  reader: Reader,
  filter: EmailFilter,
  page: ListRequest,
): Promise<Page<EmailRecord> & { readonly counts: Readonly<Record<string, number>> }> {
  const ofChannel = [
    ...(filter.appId === undefined ? [] : [eq(appId, filter.appId)]),
    ...(filter.channel === undefined ? [] : [eq(channel, filter.channel)]),
  ];
  const wanted = filter.status === undefined ? ofChannel : [...ofChannel, eq(status, filter.status)];
  const [rows, counts] = await Promise.all([
    reader.orm
      .select(recordColumns)
      .from(inboundEmails)
      .where(and(lt(id, beforeId(page)), ...wanted))
      .orderBy(desc(id))
      .limit(page.limit + 1),
    countByStatus(reader, inboundEmails, status, { statuses: status.enumValues, where: and(...ofChannel) }),
  ]);
  return { ...toListPage(rows, page.limit, (row) => row), counts };
}

/** An inbound email by id, with its raw content. @throws ProblemError `not_found`. */
export async function requireEmail({ orm }: Reader, emailId: number) {
  const [row] = await orm.select().from(inboundEmails).where(eq(id, emailId));
  if (!row) throw new ProblemError('not_found', 'Email not found.');
  return row;
}

/** The inbound email of a message. @throws ProblemError `not_found`. */
export async function requireEmailOf({ orm }: Reader, idOfMessage: number) {
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
