import type { Message } from '@mevrik/protocol';
import type { AnsweredComment } from '../db/schema.ts';
import { deliveries } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';

/** A message that is to go out. */
export interface NewDelivery {
  readonly message: Message;
  /** The contact that gets it, and the conversation in whose order it goes. */
  readonly to: { readonly channel: string; readonly contactId: string; readonly conversationKey: string };
  readonly comment: AnsweredComment | null;
  /** The event that asks for it. */
  readonly eventId: string;
  /** The delivery instead of which this one is made. */
  readonly fallbackOf?: number;
}

/** Puts a message behind the others of its conversation; one that is there already stays where it is. */
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
 * Whether it is over with a message that is about to be enqueued: an event of long ago can be handled once more when its
 * delivery is no longer kept.
 */
export async function isSettled(tx: Tx, { id }: Message): Promise<boolean> {
  const [row] = await tx.sql<{ delivery_status: string }[]>`
    SELECT delivery_status FROM messages WHERE id = ${id} AND delivery_status <> 'pending'`;
  return row !== undefined;
}

/** Has somebody look after a conversation's messages: at once, or at an instant. One such job waits at a time. */
export async function wakeDelivery(tx: Tx, conversationKey: string, at?: string): Promise<void> {
  await tx.addJob(
    'deliver',
    { conversationKey },
    { key: `deliver ${conversationKey}`, ...(at === undefined ? {} : { runAt: new Date(at) }) },
  );
}

/** Has somebody look after the messages of all of these conversations at once. */
export async function wakeDeliveries(
  { sql }: Pick<Tx, 'sql'>,
  conversationKeys: readonly string[],
): Promise<void> {
  await sql`
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', key), job_key => 'deliver ' || key)
    FROM unnest(${[...conversationKeys]}::text[]) AS key`;
}
