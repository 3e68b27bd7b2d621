import type { Message, MessageContent } from '@mevrik/protocol';
import { automaticOf } from '../domain/message-details.ts';
import type { Tx } from '../log/transaction.ts';

/**
 * Why the bot or the system must not send a message: the customer's last message was automatic, or the contact has
 * reached the limit per hour. Otherwise two machines could answer each other forever. `null` if it may be sent.
 */
export async function reasonToWithhold(tx: Tx, message: Message, perHour: number): Promise<string | null> {
  if (message.sender.type === 'agent') return null;
  const [last] = await tx.sql<{ content: MessageContent }[]>`
    SELECT content FROM messages
    WHERE conversation_key = ${message.conversationKey} AND NOT is_reply ORDER BY id DESC LIMIT 1`;
  if (last && automaticOf(last.content) !== undefined)
    return 'The last message was automatic, and the bot does not reply to automatic messages.';
  const [sent] = await tx.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM messages JOIN deliveries ON deliveries.message_id = messages.id
    WHERE messages.conversation_key = ${message.conversationKey} AND is_reply AND sender_type <> 'agent'
      AND messages.created_at > now() - interval '1 hour'`;
  if ((sent?.count ?? 0) < perHour) return null;
  return `The limit of ${perHour} automatic messages per hour has been reached.`;
}

/** Marks a message as failed without trying to send it. */
export async function withhold(tx: Tx, message: Message, reason: string): Promise<void> {
  await tx.sql`
    UPDATE messages SET delivery_status = 'failed', delivery_error = ${reason} WHERE id = ${message.id}`;
}
