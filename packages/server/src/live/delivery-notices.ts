import { type Message, type NoticePayloads, topics } from '@mevrik/protocol';
import type { StoredDelivery } from '../delivery/claim-next.ts';
import type { DeliveryDeps } from '../delivery/delivery-deps.ts';
import type { RecordedOutcome } from '../delivery/record-outcome.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { type Notice, notice } from './notice.ts';

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

/** The notice that a channel is down, or up again if `reason` is `null`. */
export function healthNotice(appId: number, channel: string, reason: string | null): Notice {
  const payload = { appId, channel, isDown: reason !== null, reason };
  return notice('channel_health', appId, topics.appQueues(appId), payload);
}

/** The notice that a provider has sent an alert about a channel. */
export function alertNotice(appId: number, channel: string, text: string): Notice {
  return notice('channel_alert', appId, topics.appQueues(appId), { appId, channel, text });
}

/** The notice that a list of the admin panel has changed, which then reloads it. */
export function listNotice(appId: number, list: NoticePayloads['list_changed']['list']): Notice {
  return notice('list_changed', appId, topics.appQueues(appId), { appId, list });
}

/** The notice of a message's delivery status. */
export function statusNotice(appId: number, payload: NoticePayloads['message_status']): Notice {
  return notice('message_status', appId, topics.session(payload.sessionId), payload);
}

/** The notices that a customer has edited or deleted a message, and of the note about it. */
export function messageChangeNotices({
  message,
  note,
}: {
  readonly message: Message;
  readonly note: Message;
}): readonly Notice[] {
  const { appId, sessionId } = message;
  return [
    notice('message_changed', appId, topics.session(sessionId), { message }),
    notice('note_added', appId, topics.agentType('live'), { message: note }),
  ];
}

async function addDoubtNote(
  deps: DeliveryDeps,
  { appId, messageId, sessionId, channel }: StoredDelivery,
): Promise<void> {
  const text = `Message ${messageId} may or may not have reached the customer: ${channel} has not confirmed it. Without a confirmation it is sent again or marked as failed, depending on the app’s settings.`;
  const message = await deps.unitOfWork.run(async (tx) =>
    addNote(tx, await lockSession(tx, sessionId), { type: 'system' }, text),
  );
  deps.notify([notice('note_added', appId, topics.agentType('live'), { message })]);
}
