import type { ChannelRef } from '../channels/channel.ts';
import { hotDeliveries } from '../db/hot-tables.ts';
import { statusNotice } from '../live/delivery-notices.ts';
import type { Notice } from '../live/notice.ts';
import type { Tx } from '../log/transaction.ts';
import type { StoredDelivery } from './claim-next.ts';
import { wakeDelivery } from './enqueue-delivery.ts';
import { addExternalId } from './record-outcome.ts';
import { readReference } from './reference.ts';

/** A provider's receipt for messages to a contact. */
export interface Receipt {
  readonly conversationKey: string;
  readonly status: 'delivered' | 'read';
  readonly externalIds: readonly string[];
  /** Covers all messages that were sent until then; `null`: only those with the given ids. */
  readonly until: string | null;
}

/**
 * Marks messages as delivered or read, and never moves them back. A receipt that arrives before the provider's response
 * has been recorded is stored, and applied afterwards.
 *
 * @returns the notices to publish after the commit.
 */
export async function applyReceipt(tx: Tx, receipt: Receipt): Promise<readonly Notice[]> {
  const { conversationKey, status, externalIds, until } = receipt;
  if (until !== null) await saveWatermark(tx, conversationKey, status, until);
  if (externalIds.length > 0) await saveEarlyReceipts(tx, receipt);
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
    statusNotice(appId, { messageId, sessionId, status, isDoubtful: doubts > 0 }),
  );
}

/**
 * Stores the receipts for messages whose send has not been recorded as complete. Locks the open deliveries of the
 * conversation: a send that is being recorded meanwhile is either waited for, or reads what is stored here.
 */
async function saveEarlyReceipts(tx: Tx, { conversationKey, status, externalIds }: Receipt): Promise<void> {
  await tx.sql`
    SELECT FROM deliveries WHERE conversation_key = ${conversationKey} AND status IN ('queued', 'sending') FOR UPDATE`;
  await tx.sql`
    INSERT INTO early_receipts AS early (conversation_key, external_id, status)
    SELECT DISTINCT ${conversationKey}, external_id, ${status} FROM unnest(${externalIds}::text[]) AS external_id
    WHERE NOT EXISTS (
      SELECT FROM deliveries
      WHERE conversation_key = ${conversationKey} AND status NOT IN ('queued', 'sending') AND external_ids ? external_id)
    ON CONFLICT (conversation_key, external_id) DO UPDATE
      SET status = CASE WHEN early.status = 'read' THEN 'read' ELSE excluded.status END`;
}

/** A read receipt implies a delivery receipt. */
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
 * Applies the provider's echo of a part: the part has arrived, even if its sender crashed or received no response.
 *
 * @returns the result, for the log of webhook events.
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

/** What an echo turns out to be. */
type EchoOutcome = 'ours' | 'repeated' | 'not ours';

async function recordArrival(
  tx: Tx,
  delivery: StoredDelivery,
  part: number,
  externalId: string,
): Promise<EchoOutcome> {
  const known = delivery.externalIds[part];
  if (known !== undefined) return known === externalId ? 'ours' : 'repeated';
  // Parts are sent one after another, so an echo can only be of the next one.
  if (delivery.externalIds.length !== part) return 'not ours';
  // It was accepted, failed later, and is being sent again.
  const [earlier] = await tx.sql`
    SELECT FROM delivery_attempts WHERE delivery_id = ${delivery.id} AND external_id = ${externalId} LIMIT 1`;
  if (earlier) return 'repeated';
  const [attempt] = await tx.sql`
    UPDATE delivery_attempts SET outcome = 'sent', external_id = ${externalId}, decision = 'arrived', finished_at = now()
    WHERE id = (SELECT max(id) FROM delivery_attempts WHERE delivery_id = ${delivery.id} AND part = ${part})
    RETURNING id`;
  if (!attempt) return 'not ours';
  // It was given up and sent over a fallback channel: it stays failed here.
  const [instead] =
    await tx.sql`SELECT id FROM deliveries WHERE fallback_of = ${delivery.id} AND status <> 'failed'`;
  if (instead) return 'repeated';
  await addExternalId(tx, delivery.id, externalId);
  await wakeDelivery(tx, delivery.conversationKey);
  return 'ours';
}

/** A public comment that the account itself posted. */
export interface OwnComment {
  readonly externalId: string;
  readonly parentId: string | null;
  readonly postId: string | null;
  readonly text: string;
  readonly writtenAt: string | null;
}

/** How much earlier than our attempt a comment may have been posted, as the provider's clock can differ. */
const clockSkewMs = 60_000;

/**
 * Applies a comment that the account itself posted. It carries no reference. It is ours if an open or doubtful attempt
 * posts the same text under the same comment, or else under the same post.
 *
 * @returns the result, for the log of webhook events.
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
