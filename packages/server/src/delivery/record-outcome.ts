import { cutText } from '@mevrik/protocol';
import type { ChannelReceipt } from '../channels/channel.ts';
import type { ChannelFailure } from '../channels/channel-error.ts';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage } from '../db/models.ts';
import type { Tx } from '../log/transaction.ts';
import { markDown, pauseChannel, recordSuccess, recordSuspectedFailure } from './channel-health.ts';
import type { ClaimedPart, StoredDelivery } from './claim-next.ts';
import { deliveryRetryMs } from './retry-delay.ts';

/** What changed, for the notices to screens. */
export interface RecordedOutcome {
  /** The message's new status; `null`: unchanged. */
  readonly status: 'sent' | 'delivered' | 'read' | 'queued' | 'failed' | null;
  readonly isDoubtful: boolean;
  /** Why the channel went down because of it; `null` if it did not. */
  readonly downReason: string | null;
}

const unchanged: RecordedOutcome = { status: null, isDoubtful: false, downReason: null };

/** Records that the provider accepted a part. */
export async function recordSent(
  tx: Tx,
  claimed: ClaimedPart,
  receipt: ChannelReceipt,
): Promise<RecordedOutcome> {
  const { delivery, index, count, attemptId } = claimed;
  const { externalId, pauseMs } = receipt;
  const ids = await lockExternalIds(tx, delivery);
  await tx.sql`
    UPDATE delivery_attempts SET outcome = 'sent', external_id = ${externalId}, finished_at = now(), decision = NULL
    WHERE id = ${attemptId}`;
  await recordSuccess(tx, delivery);
  if (pauseMs !== undefined) await pauseChannel(tx, delivery, pauseMs);
  // Its echo may have been faster, or our lease expired and another process sent the part again.
  if (ids && ids.length <= index) await addExternalId(tx, delivery.id, externalId);
  if (!ids || index + 1 < count) return unchanged;
  return completeDelivery(tx, delivery);
}

/** Records that all parts were sent, and applies receipts that have arrived in the meantime. */
export async function completeDelivery(tx: Tx, delivery: StoredDelivery): Promise<RecordedOutcome> {
  const hasEarly = (status: 'delivered' | 'read') => tx.sql`EXISTS (
    SELECT FROM early_receipts AS early
    WHERE early.conversation_key = deliveries.conversation_key AND deliveries.external_ids ? early.external_id
      AND early.status IN (${status}, 'read'))`;
  const [row] = await tx.sql<{ status: 'sent' | 'delivered' | 'read' }[]>`
    UPDATE deliveries SET lease_until = NULL, finished_at = now(), error = NULL, sent_at = attempt.started_at,
      status = CASE WHEN attempt.started_at <= marks.read_until OR ${hasEarly('read')} THEN 'read'
                    WHEN attempt.started_at <= marks.delivered_until OR ${hasEarly('delivered')} THEN 'delivered'
                    ELSE 'sent' END
    FROM (SELECT max(started_at) AS started_at FROM delivery_attempts
          WHERE delivery_id = ${delivery.id} AND outcome = 'sent') AS attempt
    LEFT JOIN receipt_watermarks AS marks ON marks.conversation_key = ${delivery.conversationKey}
    WHERE deliveries.id = ${delivery.id} AND status IN ('queued', 'sending')
    RETURNING status`;
  if (!row) return unchanged;
  await tx.sql`
    UPDATE messages SET delivery_status = ${row.status}, delivery_error = NULL
    WHERE id = ${delivery.messageId} AND delivery_status IN ('pending', 'failed')`;
  return { ...unchanged, status: row.status };
}

/**
 * The provider's ids of the parts sent so far, with the row locked; `undefined` if the delivery has ended since the part
 * was claimed, also if an agent has retried it.
 */
async function lockExternalIds(tx: Tx, claimed: StoredDelivery): Promise<readonly string[] | undefined> {
  const [row] = await tx.sql<{ external_ids: string[] }[]>`
    SELECT external_ids FROM deliveries
    WHERE id = ${claimed.id} AND status IN ('queued', 'sending') AND queued_at = ${claimed.queuedAt} FOR UPDATE`;
  return row?.external_ids;
}

/** Records the provider's id of the next part. The part after it starts with a full number of attempts. */
export async function addExternalId(tx: Tx, deliveryId: number, externalId: string): Promise<void> {
  await tx.sql`
    UPDATE deliveries SET external_ids = external_ids || ${JSON.stringify([externalId])}::jsonb, status = 'queued',
      attempts = 0, next_attempt_at = now(), lease_until = NULL
    WHERE id = ${deliveryId}`;
}

/** Records a failed attempt and decides what happens next. */
export async function recordFailedAttempt(
  tx: Tx,
  claimed: ClaimedPart,
  failure: ChannelFailure,
): Promise<RecordedOutcome> {
  const { delivery, part, index, attemptId, attempts, policy } = claimed;
  const ids = await lockExternalIds(tx, delivery);
  const isDoubtful = failure.kind === 'temporary' && failure.isUncertain;
  const decision = isDoubtful ? decide(part.isRepeatable, policy, attempts) : null;
  const outcome = isDoubtful ? 'doubtful' : failure.kind === 'channel-down' ? 'channel_down' : failure.kind;
  const recorded = await tx.sql`
    UPDATE delivery_attempts SET outcome = ${outcome}, error = ${failure.error}, decision = ${decision},
      finished_at = now()
    WHERE id = ${attemptId} AND outcome = 'open'`;
  // Our lease has expired, and another process decides about the part.
  if (recorded.count === 0) return unchanged;
  // Its echo shows that it arrived nevertheless.
  if (!ids || ids.length > index) return unchanged;
  if (failure.kind === 'permanent') return failDelivery(tx, delivery, failure.error, { permanent: true });
  if (failure.kind === 'channel-down') {
    await requeue(tx, delivery, { error: failure.error, delayMs: 0, countsAttempt: false, doubts: 0 });
    const wasUp = await markDown(tx, delivery, failure.error);
    return { ...unchanged, downReason: wasUp ? failure.error : null };
  }
  const { error, pauseMs, retryAfterMs } = failure;
  const hasGoneDown = failure.suspectsChannel && (await recordSuspectedFailure(tx, delivery, error));
  const downReason = hasGoneDown ? error : null;
  if (pauseMs !== undefined) {
    await pauseChannel(tx, delivery, pauseMs);
    await requeue(tx, delivery, { error, delayMs: pauseMs, countsAttempt: false, doubts: 0 });
    return unchanged;
  }
  if (attempts >= policy.attempts && !isDoubtful) {
    const failed = await failDelivery(tx, delivery, error, { permanent: false, attempts });
    return { ...failed, downReason };
  }
  const delayMs = deliveryRetryMs(
    policy,
    attempts,
    Math.max(retryAfterMs ?? 0, isDoubtful ? policy.doubtMs : 0),
  );
  await requeue(tx, delivery, { error, delayMs, countsAttempt: true, doubts: isDoubtful ? 1 : 0 });
  return { status: 'queued', isDoubtful, downReason };
}

/** Whether to resend a doubtful part if the provider does not confirm it in time. */
function decide(isRepeatable: boolean, policy: ClaimedPart['policy'], attempts: number) {
  const isLast = attempts >= policy.attempts;
  return isRepeatable && policy.whenInDoubt === 'resend' && !isLast ? 'resend' : 'give_up';
}

async function requeue(
  tx: Tx,
  { id }: StoredDelivery,
  how: {
    readonly error: string;
    readonly delayMs: number;
    readonly countsAttempt: boolean;
    readonly doubts: number;
  },
): Promise<void> {
  await tx.sql`
    UPDATE deliveries SET status = 'queued', lease_until = NULL, error = ${how.error},
      doubts = doubts + ${how.doubts}::int, attempts = greatest(0, attempts - ${how.countsAttempt ? 0 : 1}::int),
      next_attempt_at = now() + ${how.delayMs} * interval '1 ms'
    WHERE id = ${id}`;
}

/** Records that the sender of a part crashed, and decides whether to resend the part. */
export async function recordDoubt(
  tx: Tx,
  delivery: StoredDelivery,
  policy: ClaimedPart['policy'],
): Promise<RecordedOutcome> {
  const [held] = await tx.sql<{ attempts: number }[]>`
    SELECT attempts FROM deliveries
    WHERE id = ${delivery.id} AND status = 'sending' AND lease_until <= now() FOR UPDATE`;
  if (!held) return unchanged;
  const [open] = await tx.sql<{ id: number; is_repeatable: boolean }[]>`
    SELECT id, is_repeatable FROM delivery_attempts
    WHERE delivery_id = ${delivery.id} AND outcome = 'open' ORDER BY id DESC LIMIT 1`;
  const decision = decide(open?.is_repeatable ?? false, policy, held.attempts);
  await tx.sql`
    UPDATE delivery_attempts SET outcome = 'doubtful', error = ${lostSender}, decision = ${decision},
      finished_at = now()
    WHERE id = ${open?.id ?? null}`;
  await requeue(tx, delivery, { error: lostSender, delayMs: policy.doubtMs, countsAttempt: true, doubts: 1 });
  return { status: 'queued', isDoubtful: true, downReason: null };
}

const lostSender = 'The server process crashed while sending it, so it may or may not have arrived.';

const open = ['queued', 'sending'];

/** Fails a delivery permanently and raises `MessageDeliveryFailedEvent`. */
export async function failDelivery(
  tx: Tx,
  delivery: StoredDelivery,
  error: string,
  context: Readonly<Record<string, unknown>>,
  when: 'before it was sent' | 'after it was sent' = 'before it was sent',
): Promise<RecordedOutcome> {
  const from = when === 'before it was sent' ? open : [...open, 'sent', 'delivered'];
  const [row] = await tx.sql`
    UPDATE deliveries SET status = 'failed', error = ${error}, lease_until = NULL, finished_at = now()
    WHERE id = ${delivery.id} AND status = ANY (${from}) RETURNING doubts`;
  if (!row) return unchanged;
  const [message] = await hotMessages.select(tx.sql, 'WHERE id = $1', [delivery.messageId]);
  if (!message) throw new Error(`Message ${delivery.messageId} is gone.`);
  const { id: deliveryId, channel } = delivery;
  tx.raise('MessageDeliveryFailedEvent', {
    message: toMessage(message),
    error: cutText(error, 2000),
    context: { deliveryId, channel, doubts: row.doubts, ...context },
  });
  return { ...unchanged, status: 'failed' };
}
