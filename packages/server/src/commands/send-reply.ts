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
import { cases, messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { type LockedSession, lockSession, type SocialContext } from '../state/sessions.ts';
import { assertSameRequest, type Idempotency } from './receive-message.ts';

/** A message to the customer by the bot, an agent or the system. */
export interface SendReply {
  readonly session: LockedSession;
  readonly sender: Sender;
  readonly content: MessageContent;
  readonly kind?: Extract<MessageKind, 'text' | 'attachment' | 'system'>;
  readonly idempotency?: Idempotency | undefined;
  /** Under social content: only whoever wrote it reads the answer. */
  readonly privately?: boolean | undefined;
}

/**
 * Stores a reply in a locked session and raises `MessageReplyReadyEvent`; in a conversation that began with social
 * content, an agent's reply raises `SaveAgentRepliesSocialEvent` too.
 *
 * @throws ProblemError `session_ended`, or `idempotency_mismatch` when the key was used for another request.
 */
export async function sendReply(
  tx: Tx,
  { session, sender, content, kind = 'text', idempotency, privately }: SendReply,
): Promise<{ message: Message; repeated: boolean }> {
  const stored = await hotMessages.insert(tx.sql, {
    ...placeIn(session),
    kind,
    isReply: true,
    ...senderColumns(sender),
    content,
    deliveryStatus: 'pending',
    idempotencyKey: idempotency?.key ?? null,
    idempotencyHash: idempotency?.hash ?? null,
  });
  if (!stored) return { message: await findRepeated(tx, session, idempotency), repeated: true };
  if (session.status !== 'active') {
    throw new ProblemError('session_ended', 'The customer’s next message starts a new session.');
  }
  const message = toMessage(stored);
  tx.raise('MessageReplyReadyEvent', { message });
  const social = session.socialContext as SocialContext | null;
  if (social && sender.type === 'agent') {
    const { post: _post, ...content } = social;
    const visibility = privately ? 'private' : 'public';
    tx.raise('SaveAgentRepliesSocialEvent', { message, socialData: { ...content, visibility } });
  }
  return { message, repeated: false };
}

/** Writes a note into a conversation: agents see it, customers never do, and no event tells of it. */
export async function addNote(
  tx: Tx,
  session: LockedSession,
  sender: Sender,
  text: string,
  idempotency?: Idempotency,
): Promise<Message> {
  const [stored] = await tx.orm
    .insert(messages)
    .values({
      ...placeIn(session),
      kind: 'note',
      isReply: true,
      ...senderColumns(sender),
      content: { text },
      deliveryStatus: 'sent',
      idempotencyKey: idempotency?.key ?? null,
      idempotencyHash: idempotency?.hash ?? null,
    })
    .onConflictDoNothing()
    .returning();
  return stored ? toMessage(stored) : findRepeated(tx, session, idempotency);
}

/** An agent's reply to a session: the first one in a case is what its first response time is measured by. */
export async function replyAsAgent(
  tx: Tx,
  input: {
    readonly sessionId: number;
    readonly agent: { readonly id: number; readonly name: string };
    /** Whether this agent may write there. @throws when not. */
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

function placeIn(session: LockedSession) {
  return {
    appId: session.appId,
    sessionId: session.id,
    customerId: session.customerId,
    caseId: session.openCaseId,
    conversationKey: session.conversationKey,
    channel: session.channel,
    agentType: session.agentType,
  };
}

function senderColumns(sender: Sender) {
  return { senderType: sender.type, senderId: sender.id ?? null, senderName: sender.name ?? null };
}

async function findRepeated(
  tx: Tx,
  session: LockedSession,
  idempotency: Idempotency | undefined,
): Promise<Message> {
  const [row] = await tx.orm
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.conversationKey, session.conversationKey),
        eq(messages.idempotencyKey, idempotency?.key ?? ''),
      ),
    );
  if (!row) throw new ProblemError('conflict', 'The message was stored by a concurrent request. Try again.');
  assertSameRequest(row.idempotencyHash, idempotency);
  return toMessage(row);
}
