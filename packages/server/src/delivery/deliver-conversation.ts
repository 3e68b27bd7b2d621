import type { ChannelReceipt } from '../channels/channel.ts';
import type { ChannelFailure } from '../channels/channel-error.ts';
import { throughOutage } from '../db/through-outage.ts';
import { listNotice } from '../live/delivery-notices.ts';
import { causeFromEvent } from '../log/cause-from-event.ts';
import type { Tx } from '../log/transaction.ts';
import { type Claim, type ClaimedPart, claimNext, type StoredDelivery } from './claim-next.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { wakeDelivery } from './enqueue-delivery.ts';
import { notifyOfDelivery } from './notify-of-delivery.ts';
import {
  completeDelivery,
  failDelivery,
  type RecordedOutcome,
  recordDoubt,
  recordFailedAttempt,
  recordSent,
} from './record-outcome.ts';
import { referenceOf } from './reference.ts';

/** After this many parts of one conversation, other conversations are served. */
const partsAtOnce = 50;

/**
 * Sends the queued messages of a conversation strictly one after another: each waits until the one before it has been
 * sent or has failed permanently. Claiming and recording are transactions; sending happens between them, outside.
 */
export async function deliverConversation(deps: DeliveryDeps, conversationKey: string): Promise<void> {
  for (let count = 0; count < partsAtOnce && !deps.stopping.aborted; count++) {
    const claim = await deps.unitOfWork.run((tx) => claimNext(tx, conversationKey, deps));
    if (claim.state === 'idle') return;
    if (claim.state === 'waiting') return deps.alarm.set(conversationKey, claim.waitMs);
    await execute(deps, claim);
  }
  await deps.unitOfWork.run((tx) => wakeDelivery(tx, conversationKey));
}

async function execute(
  deps: DeliveryDeps,
  claim: Exclude<Claim, { state: 'idle' | 'waiting' }>,
): Promise<void> {
  if (claim.state === 'send') {
    const { claimed } = claim;
    deps.notify([listNotice(claimed.delivery.appId, 'deliveries')]);
    const result = await attempt(deps, claimed);
    return record(deps, claimed.delivery, (tx) =>
      'receipt' in result
        ? recordSent(tx, claimed, result.receipt)
        : recordFailedAttempt(tx, claimed, result.failure),
    );
  }
  const { delivery } = claim;
  return record(deps, delivery, (tx) => {
    if (claim.state === 'complete') return completeDelivery(tx, delivery);
    if (claim.state === 'doubt') return recordDoubt(tx, delivery, claim.policy);
    return failDelivery(tx, delivery, claim.error, { permanent: true });
  });
}

async function record(
  deps: DeliveryDeps,
  delivery: StoredDelivery,
  write: (tx: Tx) => Promise<RecordedOutcome>,
): Promise<void> {
  const recorded = await throughOutage(async () => {
    const cause = await causeFromEvent(deps.database.sql, delivery.eventId);
    return deps.unitOfWork.run(write, cause);
  }, deps.stopping);
  await notifyOfDelivery(deps, delivery, recorded);
}

async function attempt(
  { files, log, countAttempt }: DeliveryDeps,
  { delivery, outlet, kind, settings, policy, part, index }: ClaimedPart,
): Promise<{ receipt: ChannelReceipt } | { failure: ChannelFailure }> {
  const { id: deliveryId, messageId, appId, channel } = delivery;
  try {
    const signal = AbortSignal.timeout(policy.timeoutMs);
    const reference = referenceOf(delivery.id, index);
    const receipt = await outlet.send(part, reference, { settings, files, signal });
    countAttempt(kind, 'sent');
    log.debug({ deliveryId, messageId, app: appId, channel, part: index }, 'a part of a reply was sent');
    return { receipt };
  } catch (error) {
    const failure = outlet.classify(error);
    countAttempt(kind, failure.kind === 'temporary' && failure.isUncertain ? 'doubtful' : failure.kind);
    log.warn(
      { deliveryId, appId, channel, failure: failure.kind, reason: failure.error, err: error },
      'delivery attempt failed',
    );
    return { failure };
  }
}
