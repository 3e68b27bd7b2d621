import type { Message, MessageContent, MessageKind, Session } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage, toSession } from '../db/models.ts';
import type { SocialContext } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import type { Contact } from '../state/customers.ts';
import { type Idempotency, requireRepeatedMessage } from '../state/messages.ts';
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

/**
 * Stores a customer's message in their valid session and raises `MessageReadyEvent` and, for a button or a quick reply,
 * the event of that interaction. A repeated message (same idempotency key or external id) is not stored again: the
 * first one is returned.
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
  if (!stored) {
    const { conversationKey } = contact;
    const { idempotency, externalId } = input;
    const message = await requireRepeatedMessage(tx, { conversationKey, idempotency, externalId });
    return { message, session: toSession(session), repeated: true };
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
