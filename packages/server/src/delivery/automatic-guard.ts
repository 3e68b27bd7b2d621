import type { Message } from '@mevrik/protocol';
import type { Tx } from '../log/transaction.ts';

/**
 * Why the bot or the system must not send something: a machine wrote what it would answer, or this contact was sent
 * as much as one is sent in an hour. Two machines that answer each other would never stop. `null` where nothing is
 * against it.
 */
export async function reasonToWithhold(tx: Tx, message: Message, perHour: number): Promise<string | null> {
  if (message.sender.type === 'agent') return null;
  const [last] = await tx.sql<{ automatic: string | null }[]>`
    SELECT content -> 'email' ->> 'automatic' AS automatic FROM messages
    WHERE conversation_key = ${message.conversationKey} AND NOT is_reply ORDER BY id DESC LIMIT 1`;
  if (last && last.automatic !== null)
    return 'A machine wrote last, and machines are not answered by machines.';
  const [sent] = await tx.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM messages JOIN deliveries ON deliveries.message_id = messages.id
    WHERE messages.conversation_key = ${message.conversationKey} AND is_reply AND sender_type <> 'agent'
      AND messages.created_at > now() - interval '1 hour'`;
  if ((sent?.count ?? 0) < perHour) return null;
  return `The bot and the system have sent ${perHour} mails within an hour, and send no more for now.`;
}

/** Writes down that a message is not sent, and why. */
export async function withhold(tx: Tx, message: Message, reason: string): Promise<void> {
  await tx.sql`
    UPDATE messages SET delivery_status = 'failed', delivery_error = ${reason} WHERE id = ${message.id}`;
}
