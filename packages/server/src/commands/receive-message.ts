import {
  type Message,
  type MessageContent,
  type MessageKind,
  ProblemError,
  type Session,
} from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage, toSession } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import type { Contact } from '../state/customers.ts';
import { ensureSession, type SocialContext, touchSession } from '../state/sessions.ts';

/** A writer's own number of a request, and a hash of what it asked: a repeated request is known by them. */
export interface Idempotency {
  readonly key: string;
  readonly hash: string;
}

/** The kinds of message that a customer can write. */
export type IncomingKind = Exclude<MessageKind, 'note' | 'system'>;

/** A customer's message, from any channel. */
export interface ReceiveMessage {
  readonly app: AppProfile;
  readonly contact: Contact;
  readonly kind: IncomingKind;
  readonly content: MessageContent;
  readonly idempotency?: Idempotency | undefined;
  /** The channel's own number of the message. */
  readonly externalId?: string | undefined;
  readonly socialContext?: SocialContext | undefined;
}

/**
 * Stores a customer's message in their valid session and raises `MessageReadyEvent`, and for a button or a quick
 * reply the event of that interaction. A repeated message (same idempotency key or external id) changes nothing
 * and answers with the first one.
 *
 * @throws ProblemError `idempotency_mismatch` when the key was used for another request.
 */
export async function receiveMessage(
  tx: Tx,
  input: ReceiveMessage,
): Promise<{ message: Message; session: Session; repeated: boolean }> {
  const { app, contact, kind, content } = input;
  const { session } = await ensureSession(tx, app, contact, input.socialContext);
  const stored = await hotMessages.insert(tx.sql, {
    appId: app.id,
    sessionId: session.id,
    customerId: session.customerId,
    caseId: session.openCaseId,
    conversationKey: contact.conversationKey,
    channel: contact.channel,
    kind,
    isReply: false,
    agentType: session.agentType,
    senderType: 'customer',
    senderId: session.customerId,
    content,
    deliveryStatus: 'received',
    externalId: input.externalId ?? null,
    idempotencyKey: input.idempotency?.key ?? null,
    idempotencyHash: input.idempotency?.hash ?? null,
  });
  if (!stored) return { ...(await findRepeated(tx, input)), session: toSession(session), repeated: true };
  await touchSession(tx, app, session);
  const message = toMessage(stored);
  tx.raise('MessageReadyEvent', { message });
  if (kind === 'postback' && content.postback) {
    tx.raise('MessagePostbackEvent', { message, postback: content.postback });
  }
  if (kind === 'quick_reply' && content.quickReply) {
    tx.raise('MessageQuickReplyEvent', { message, quickReply: content.quickReply });
  }
  return { message, session: toSession(session), repeated: false };
}

async function findRepeated(tx: Tx, input: ReceiveMessage): Promise<{ message: Message }> {
  const [byKey, byExternalId] = [input.idempotency?.key, input.externalId];
  const [row] = await tx.orm
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.conversationKey, input.contact.conversationKey),
        byKey !== undefined
          ? eq(messages.idempotencyKey, byKey)
          : eq(messages.externalId, byExternalId ?? ''),
      ),
    );
  if (!row) throw new ProblemError('conflict', 'The message was stored by a concurrent request. Try again.');
  assertSameRequest(row.idempotencyHash, input.idempotency);
  return { message: toMessage(row) };
}

/** @throws ProblemError `idempotency_mismatch` when the stored request was another one. */
export function assertSameRequest(storedHash: string | null, idempotency: Idempotency | undefined): void {
  if (idempotency && storedHash !== idempotency.hash) {
    throw new ProblemError('idempotency_mismatch', 'Use a new Idempotency-Key for a new request.');
  }
}
