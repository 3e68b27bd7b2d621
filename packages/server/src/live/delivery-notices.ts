import { type NoticePayloads, topics } from '@mevrik/protocol';
import type { StoredDelivery } from '../delivery/claim-next.ts';
import type { DeliveryDeps, DeliveryNotice } from '../delivery/delivery-deps.ts';
import type { RecordedOutcome } from '../delivery/record-outcome.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';

/** Tells the screens how far a message has come, and people of what they should know. */
export async function tell(
  deps: DeliveryDeps,
  delivery: StoredDelivery,
  recorded: RecordedOutcome,
): Promise<void> {
  const { appId, channel, messageId, sessionId } = delivery;
  const { status, isDoubtful, downReason } = recorded;
  if (downReason !== null) {
    deps.log.warn({ appId, channel, reason: downReason }, 'a channel is down: its messages wait');
    deps.notify([healthNotice(appId, channel, downReason)]);
  }
  deps.notify([listNotice(appId, 'deliveries')]);
  if (isDoubtful) await noteDoubt(deps, delivery);
  if (status !== null) deps.notify([statusNotice({ appId, messageId, sessionId, status, isDoubtful })]);
}

/** The news that a channel is down, or up again. */
export function healthNotice(appId: number, channel: string, reason: string | null): DeliveryNotice {
  return {
    appId,
    topic: topics.appQueues(appId),
    event: 'channel_health',
    payload: { appId, channel, isDown: reason !== null, reason },
  };
}

/** The news that a provider has something to say about a channel. */
export function alertNotice(appId: number, channel: string, text: string): DeliveryNotice {
  return { appId, topic: topics.appQueues(appId), event: 'channel_alert', payload: { appId, channel, text } };
}

/** The news that something in a list of the panel has changed, which looks again then. */
export function listNotice(appId: number, list: NoticePayloads['list_changed']['list']): DeliveryNotice {
  return { appId, topic: topics.appQueues(appId), event: 'list_changed', payload: { appId, list } };
}

/** The news of how far a message has come. */
export function statusNotice(of: {
  readonly appId: number;
  readonly messageId: number;
  readonly sessionId: number;
  readonly status: string;
  readonly isDoubtful: boolean;
}): DeliveryNotice {
  const { appId, messageId, sessionId, status, isDoubtful } = of;
  return {
    appId,
    topic: topics.session(sessionId),
    event: 'message_status',
    payload: { messageId, sessionId, status, isDoubtful },
  };
}

async function noteDoubt(
  deps: DeliveryDeps,
  { appId, messageId, sessionId, channel }: StoredDelivery,
): Promise<void> {
  const text = `Message ${messageId} may have reached the customer on ${channel}: nobody has told. If ${channel} does not confirm it, it is sent again or given up, as the app wants it.`;
  const message = await deps.unitOfWork.run(async (tx) =>
    addNote(tx, await lockSession(tx, sessionId), { type: 'system' }, text),
  );
  const topic = topics.agentType('live');
  deps.notify([{ appId, topic, event: 'note_added', payload: { message } }]);
}
