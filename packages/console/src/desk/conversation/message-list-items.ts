import type { Message } from '../../shared/sdk.ts';
import { dayName, dayOf } from '../../shared/time.tsx';
import type { PendingMessage } from '../composer/outbox.ts';

/** An entry of the message list: a day separator, a message or a pending message. */
export type MessageListItem =
  | { readonly key: string; readonly day: string }
  | { readonly key: string; readonly message: Message; readonly isFirst: boolean }
  | { readonly key: string; readonly outgoing: PendingMessage };

/** The messages with day separators in the agent's time zone. */
export function messageListItems(messages: readonly Message[]): readonly MessageListItem[] {
  const lines: MessageListItem[] = [];
  let last: Message | undefined;
  let today: string | undefined;
  for (const message of messages) {
    const day = dayOf(message.createdAt);
    if (day !== today) lines.push({ key: `day ${day}`, day: dayName(message.createdAt) });
    const isSame = last?.sender.type === message.sender.type && last.sender.id === message.sender.id;
    lines.push({ key: `message ${message.id}`, message, isFirst: !isSame || last?.kind !== message.kind });
    last = message;
    today = day;
  }
  return lines;
}
