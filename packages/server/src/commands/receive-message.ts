import type { Message, MessageContent, MessageKind, Session } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import { hotMessages, hotSessions } from '../db/hot-tables.ts';
import { toMessage, toSession } from '../db/models.ts';
import type { SocialContext } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import type { Contact } from '../state/customers.ts';
import {
  findRepeatedMessage,
  type Idempotency,
  requireRepeatedMessage,
  storedConcurrently,
} from '../state/messages.ts';
import { ensureSession, extendSession } from '../state/sessions.ts';

/** The kinds of message that a customer can write. */
export type IncomingKind = Exclude<MessageKind, 'note' | 'system'>;

/** A customer's message, from any channel. */
export interface ReceiveMessage {
  readonly app: AppProfile;
  readonly contact: Contact;
  readonly kind: IncomingKind;
  readonly content: MessageContent;
  readonly idempotency?: Idempotency | undefined;
  /** The channel's id of the message. */
  readonly externalId?: string | undefined;
  readonly socialContext?: SocialContext | undefined;
}

/** A stored message with its session. */
export interface ReceivedMessage {
  readonly message: Message;
  readonly session: Session;
  /** Whether it had been stored before. */
  readonly repeated: boolean;
}

/**
 * Stores a customer's message in their valid session and raises `MessageReadyEvent` and, for a button or a quick reply,
 * the event of that interaction. A repeated message (same idempotency key or external id) is not stored again and opens
 * no session: the first one is returned, with its session.
 *
 * @throws ProblemError `idempotency_mismatch` when the key was used for another request, or `conflict` when a concurrent
 * request stored the message.
 */
export async function receiveMessage(tx: Tx, input: ReceiveMessage): Promise<ReceivedMessage> {
  const { app, contact, kind, content, idempotency, externalId } = input;
  const identity = { conversationKey: contact.conversationKey, idempotency, externalId };
  const first = await findRepeatedMessage(tx, identity);
  if (first) return repetitionOf(tx, first);
  const { session, isNew } = await ensureSession(tx, app, contact, input.socialContext);
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
    externalId: externalId ?? null,
    idempotencyKey: idempotency?.key ?? null,
    idempotencyHash: idempotency?.hash ?? null,
  });
  if (!stored) {
    // Rolls the new session back.
    if (isNew) throw storedConcurrently();
    return repetitionOf(tx, await requireRepeatedMessage(tx, identity));
  }
  await extendSession(tx, app, session);
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

async function repetitionOf(tx: Tx, message: Message): Promise<ReceivedMessage> {
  const [session] = await hotSessions.select(tx.sql, 'WHERE id = $1', [message.sessionId]);
  if (!session) throw new Error(`Session ${message.sessionId} is gone.`);
  return { message, session: toSession(session), repeated: true };
}
