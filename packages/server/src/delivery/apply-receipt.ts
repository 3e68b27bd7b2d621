import type { ChannelRef } from '../channels/channel.ts';
import { hotDeliveries } from '../db/hot-tables.ts';
import { statusNotice } from '../live/delivery-notices.ts';
import type { Tx } from '../log/transaction.ts';
import type { DeliveryRow } from './claim-next.ts';
import type { DeliveryNotice } from './delivery-deps.ts';
import { wakeDelivery } from './enqueue-delivery.ts';
import { addExternalId } from './record-outcome.ts';
import { readReference } from './reference.ts';

/** What a provider says of how far we have come with a contact. */
export interface Receipt {
  readonly conversationKey: string;
  readonly status: 'delivered' | 'read';
  readonly externalIds: readonly string[];
  /** Everything that was sent until then; `null` where only the numbers count. */
  readonly until: string | null;
}

/**
 * Moves messages on to delivered or read, never back. The mark is kept: a receipt that comes before the answer to
 * what it is about counts when that is written down.
 *
 * @returns the news, to be told after the commit.
 */
export async function applyReceipt(tx: Tx, receipt: Receipt): Promise<readonly DeliveryNotice[]> {
  const { conversationKey, status, externalIds, until } = receipt;
  if (until !== null) await saveWatermark(tx, conversationKey, status, until);
  const behind = status === 'read' ? ['sent', 'delivered'] : ['sent'];
  const moved = await tx.sql<{ app_id: number; message_id: number; session_id: number; doubts: number }[]>`
    UPDATE deliveries SET status = ${status}
    WHERE conversation_key = ${conversationKey} AND status = ANY (${behind})
      AND (sent_at <= ${until}::timestamptz OR external_ids ?| ${externalIds}::text[])
    RETURNING app_id, message_id, session_id, doubts`;
  if (moved.length === 0) return [];
  await tx.sql`
    UPDATE messages SET delivery_status = ${status}
    WHERE id = ANY (${moved.map(({ message_id: id }) => id)}::bigint[])
      AND delivery_status = ANY (${['pending', ...behind]})`;
  return moved.map(({ app_id: appId, message_id: messageId, session_id: sessionId, doubts }) =>
    statusNotice({ appId, messageId, sessionId, status, isDoubtful: doubts > 0 }),
  );
}

/** What is read has been delivered too. */
async function saveWatermark(tx: Tx, key: string, status: Receipt['status'], until: string): Promise<void> {
  const readUntil = status === 'read' ? until : null;
  await tx.sql`
    INSERT INTO receipt_watermarks AS mark (conversation_key, delivered_until, read_until)
    VALUES (${key}, ${until}, ${readUntil})
    ON CONFLICT (conversation_key) DO UPDATE SET
      delivered_until = greatest(mark.delivered_until, excluded.delivered_until),
      read_until = greatest(mark.read_until, excluded.read_until)`;
}

/**
 * Takes in that something of ours came back from the provider: it has arrived, whatever the sender knows. That ends
 * the doubt about a part whose sender died or heard nothing.
 *
 * @returns what it was, for the webhook's log.
 */
export async function applyEcho(
  tx: Tx,
  { appId, channel }: ChannelRef,
  { reference, externalId }: { readonly reference: string; readonly externalId: string },
): Promise<EchoOutcome> {
  const read = readReference(reference);
  if (!read) return 'not ours';
  const where = 'WHERE id = $1 AND app_id = $2 AND channel = $3 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [read.deliveryId, appId, channel]);
  return delivery ? recordArrival(tx, delivery, read.part, externalId) : 'not ours';
}

/** What something of ours that came back turns out to be. */
type EchoOutcome = 'ours' | 'a second time' | 'not ours';

async function recordArrival(
  tx: Tx,
  delivery: DeliveryRow,
  part: number,
  externalId: string,
): Promise<EchoOutcome> {
  const known = delivery.externalIds[part];
  if (known !== undefined) return known === externalId ? 'ours' : 'a second time';
  // Parts go one after another, so an echo can only be of the next one.
  if (delivery.externalIds.length !== part) return 'not ours';
  const [attempt] = await tx.sql`
    UPDATE delivery_attempts SET outcome = 'sent', external_id = ${externalId}, decision = 'arrived', finished_at = now()
    WHERE id = (SELECT max(id) FROM delivery_attempts WHERE delivery_id = ${delivery.id} AND part = ${part})
    RETURNING id`;
  if (!attempt) return 'not ours';
  // Given up in doubt, and gone another way since: it stays failed here.
  const [instead] =
    await tx.sql`SELECT id FROM deliveries WHERE fallback_of = ${delivery.id} AND status <> 'failed'`;
  if (instead) return 'a second time';
  await addExternalId(tx, delivery.id, externalId);
  await wakeDelivery(tx, delivery.conversationKey);
  return 'ours';
}

/** A public answer that turned up under a comment, written by the account itself. */
export interface OwnComment {
  readonly externalId: string;
  readonly parentId: string | null;
  readonly postId: string | null;
  readonly text: string;
  readonly writtenAt: string | null;
}

/** How much earlier than our attempt a comment may have been written, by the provider's clock. */
const clockSkewMs = 60_000;

/**
 * Takes in that a comment of the account's own turned up. It carries no reference, as Messenger's echoes do: ours it is
 * where an attempt is open or in doubt that puts this text under this comment, or else under this post.
 *
 * @returns what it was, for the webhook's log.
 */
export async function applyOwnComment(
  tx: Tx,
  { appId, channel }: ChannelRef,
  { externalId, parentId, postId, text, writtenAt }: OwnComment,
): Promise<EchoOutcome> {
  const [known] = await tx.sql`
    SELECT FROM deliveries
    WHERE app_id = ${appId} AND channel = ${channel} AND comment ->> 'visibility' = 'public'
      AND created_at > now() - interval '7 days' AND external_ids ? ${externalId} LIMIT 1`;
  if (known) return 'ours';
  const [found] = await tx.sql<{ id: number }[]>`
    SELECT delivery.id FROM deliveries AS delivery
    JOIN messages ON messages.id = delivery.message_id
    JOIN sessions ON sessions.id = messages.session_id
    JOIN delivery_attempts AS attempt ON attempt.id = (SELECT max(id) FROM delivery_attempts
                                                       WHERE delivery_id = delivery.id)
    WHERE delivery.app_id = ${appId} AND delivery.channel = ${channel}
      AND delivery.comment ->> 'visibility' = 'public' AND delivery.external_ids = '[]'::jsonb
      AND (delivery.status IN ('queued', 'sending') OR delivery.finished_at > now() - interval '1 day')
      AND attempt.outcome IN ('open', 'doubtful')
      AND attempt.started_at <= coalesce(${writtenAt}::timestamptz, now()) + ${clockSkewMs} * interval '1 ms'
      AND btrim(coalesce(messages.content ->> 'text', ''), E' \\n\\r\\t') = ${text.trim()}
      AND (delivery.comment ->> 'id' = ${parentId} OR sessions.social_context ->> 'postId' = ${postId})
    ORDER BY (delivery.comment ->> 'id' = ${parentId}) IS TRUE DESC, delivery.id LIMIT 1`;
  if (!found) return 'not ours';
  const [delivery] = await hotDeliveries.select(tx.sql, 'WHERE id = $1 FOR UPDATE', [found.id]);
  return delivery ? recordArrival(tx, delivery, 0, externalId) : 'not ours';
}
