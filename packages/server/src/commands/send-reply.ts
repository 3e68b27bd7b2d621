import {
  type Message,
  type MessageContent,
  type MessageKind,
  ProblemError,
  type Sender,
} from '@mevrik/protocol';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage } from '../db/models.ts';
import { cases } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import {
  type Idempotency,
  requireRepeatedMessage,
  senderColumns,
  sessionColumns,
} from '../state/messages.ts';
import { type LockedSession, lockSession } from '../state/sessions.ts';

/** A message to the customer by the bot, an agent or the system. */
export interface SendReply {
  readonly session: LockedSession;
  readonly sender: Sender;
  readonly content: MessageContent;
  readonly kind?: Extract<MessageKind, 'text' | 'attachment' | 'system'>;
  readonly idempotency?: Idempotency | undefined;
  /** Under social content: the reply is visible only to the author of the comment. */
  readonly privately?: boolean | undefined;
}

/**
 * Stores a reply in a locked session and raises `MessageReplyReadyEvent`. In a conversation that started from social
 * content, an agent's reply also raises `SaveAgentRepliesSocialEvent`.
 *
 * @throws ProblemError `session_ended`, or `idempotency_mismatch` when the key was used for another request.
 */
export async function sendReply(
  tx: Tx,
  { session, sender, content, kind = 'text', idempotency, privately }: SendReply,
): Promise<{ message: Message; repeated: boolean }> {
  const stored = await hotMessages.insert(tx.sql, {
    ...sessionColumns(session),
    kind,
    isReply: true,
    ...senderColumns(sender),
    content,
    deliveryStatus: 'pending',
    idempotencyKey: idempotency?.key ?? null,
    idempotencyHash: idempotency?.hash ?? null,
  });
  if (!stored) {
    const message = await requireRepeatedMessage(tx, {
      conversationKey: session.conversationKey,
      idempotency,
    });
    return { message, repeated: true };
  }
  if (session.status !== 'active') {
    throw new ProblemError(
      'session_ended',
      'The session has ended. The customer’s next message starts a new one.',
    );
  }
  const message = toMessage(stored);
  tx.raise('MessageReplyReadyEvent', { message });
  const social = session.socialContext;
  if (social && sender.type === 'agent') {
    const { post: _post, ...content } = social;
    const visibility = privately ? 'private' : 'public';
    tx.raise('SaveAgentRepliesSocialEvent', { message, socialData: { ...content, visibility } });
  }
  return { message, repeated: false };
}

/** Stores an agent's reply. The first one in a case sets the case's first reply time. */
export async function replyAsAgent(
  tx: Tx,
  input: {
    readonly sessionId: number;
    readonly agent: { readonly id: number; readonly name: string };
    /** @throws ProblemError `forbidden` when the agent may not reply in the session. */
    readonly authorize: (session: LockedSession) => void;
    readonly content: MessageContent;
    readonly privately?: boolean | undefined;
    readonly idempotency?: Idempotency | undefined;
  },
): Promise<{ message: Message; repeated: boolean }> {
  const session = await lockSession(tx, input.sessionId);
  input.authorize(session);
  const answer = await sendReply(tx, {
    session,
    sender: { type: 'agent', ...input.agent },
    content: input.content,
    kind: input.content.attachments && input.content.text === undefined ? 'attachment' : 'text',
    privately: input.privately,
    idempotency: input.idempotency,
  });
  if (!answer.repeated && session.openCaseId !== null) {
    await tx.orm
      .update(cases)
      .set({ firstReplyAt: sql`now()` })
      .where(and(eq(cases.id, session.openCaseId), isNull(cases.firstReplyAt)));
  }
  return answer;
}
