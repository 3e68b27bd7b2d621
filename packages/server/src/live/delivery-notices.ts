import { type Message, type NoticePayloads, topics } from '@mevrik/protocol';
import { type Notice, notice } from './notice.ts';

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
