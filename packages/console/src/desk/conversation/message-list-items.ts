import type { Message } from '../../shared/sdk.ts';
import { dayName, dayOf } from '../../shared/time.tsx';
import type { PendingMessage } from '../composer/outbox.ts';

/** A line of a conversation: a day begins, or somebody speaks. */
export type MessageListItem =
  | { readonly key: string; readonly day: string }
  | { readonly key: string; readonly message: Message; readonly isFirst: boolean }
  | { readonly key: string; readonly outgoing: PendingMessage };

/** What is said, with the days on which it is: those of whoever reads it. */
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
