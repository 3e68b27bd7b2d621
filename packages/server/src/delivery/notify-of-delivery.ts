import { topics } from '@mevrik/protocol';
import { healthNotice, listNotice, statusNotice } from '../live/delivery-notices.ts';
import { notice } from '../live/notice.ts';
import { addNote, quoteMessage } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import type { StoredDelivery } from './claim-next.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import type { RecordedOutcome } from './record-outcome.ts';

/** Notifies the screens of a delivery's new state, and adds a note for the agents if its outcome is doubtful. */
export async function notifyOfDelivery(
  deps: DeliveryDeps,
  delivery: StoredDelivery,
  recorded: RecordedOutcome,
): Promise<void> {
  const { appId, channel, messageId, sessionId } = delivery;
  const { status, isDoubtful, downReason } = recorded;
  if (downReason !== null) {
    deps.log.warn({ appId, channel, reason: downReason }, 'a channel is down; its messages are waiting');
    deps.notify([healthNotice(appId, channel, downReason)]);
  }
  deps.notify([listNotice(appId, 'deliveries')]);
  if (isDoubtful) await addDoubtNote(deps, delivery);
  if (status !== null) deps.notify([statusNotice(appId, { messageId, sessionId, status, isDoubtful })]);
}

async function addDoubtNote(
  deps: DeliveryDeps,
  { appId, messageId, sessionId, channel }: StoredDelivery,
): Promise<void> {
  const doubt = `may not have reached the customer: ${channel} has not confirmed it. Without a confirmation it is sent again or marked as failed, depending on the app’s settings.`;
  const message = await deps.unitOfWork.run(async (tx) => {
    const text = `${await quoteMessage(tx, messageId)} ${doubt}`;
    return addNote(tx, await lockSession(tx, sessionId), { type: 'system' }, text);
  });
  deps.notify([notice('note_added', appId, topics.agentType('live'), { message })]);
}
