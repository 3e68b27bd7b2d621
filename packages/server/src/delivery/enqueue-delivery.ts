import { type Message, parseConversationKey } from '@mevrik/protocol';
import type { AnsweredComment } from '../db/schema.ts';
import { deliveries } from '../db/schema.ts';
import { appFlag, type Tx } from '../log/transaction.ts';

/** A message to deliver. */
export interface NewDelivery {
  readonly message: Message;
  /** The recipient, and the conversation whose order it keeps. */
  readonly to: { readonly channel: string; readonly contactId: string; readonly conversationKey: string };
  readonly comment: AnsweredComment | null;
  /** The event that caused it. */
  readonly eventId: string;
  /** The failed delivery that this one replaces. */
  readonly fallbackOf?: number;
}

/** Queues a message behind the others of its conversation; repeating it changes nothing. */
export async function enqueueDelivery(tx: Tx, delivery: NewDelivery): Promise<void> {
  const { message, to, comment, eventId, fallbackOf } = delivery;
  await tx.orm
    .insert(deliveries)
    .values({
      appId: message.appId,
      messageId: message.id,
      sessionId: message.sessionId,
      customerId: message.customerId,
      ...to,
      comment,
      eventId,
      fallbackOf: fallbackOf ?? null,
    })
    .onConflictDoNothing();
  await wakeDelivery(tx, to.conversationKey);
}

/**
 * Whether the delivery of a message has already ended. An old event can be handled again after its delivery record was
 * deleted, and must not send the message again.
 */
export async function isSettled(tx: Tx, { id }: Message): Promise<boolean> {
  const [row] = await tx.sql<{ delivery_status: string }[]>`
    SELECT delivery_status FROM messages WHERE id = ${id} AND delivery_status <> 'pending'`;
  return row !== undefined;
}

/** Schedules the delivery of a conversation's messages: at once, or at an instant. At most one such job is queued. */
export async function wakeDelivery(tx: Tx, conversationKey: string, at?: string): Promise<void> {
  const { appId } = parseConversationKey(conversationKey);
  await tx.addJob(
    'deliver',
    { conversationKey },
    { key: `deliver ${conversationKey}`, appId, ...(at === undefined ? {} : { runAt: new Date(at) }) },
  );
}

/** Schedules the delivery of the messages of all these conversations at once. */
export async function wakeDeliveries(
  { sql }: Pick<Tx, 'sql'>,
  conversationKeys: readonly string[],
): Promise<void> {
  const flags = conversationKeys.map((key) => appFlag(parseConversationKey(key).appId));
  await sql`
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', key), job_key => 'deliver ' || key,
                                   flags => ARRAY[flag])
    FROM unnest(${[...conversationKeys]}::text[], ${flags}::text[]) AS due (key, flag)`;
}
