import type { EventName } from '@mevrik/protocol';

/** Every kind of event, and what it means to people; the compiler sees to it that none is missing. */
const all: Readonly<Record<EventName, string>> = {
  MessageReadyEvent: 'A customer’s message',
  MessageReplyReadyEvent: 'An answer to a customer',
  MessagePostbackEvent: 'A customer pressed a button',
  MessageQuickReplyEvent: 'A customer chose a quick reply',
  NewMessageReceivedEvent: 'A message came in from outside',
  MessageDeliveryFailedEvent: 'A message could not be delivered',
  SessionCreatedEvent: 'A session began',
  SessionPathChangedEvent: 'A session changed hands',
  MevrikCaseCreatedEvent: 'A case was opened',
  MevrikCaseClosedEvent: 'A case was closed',
  MevrikCSATStartEvent: 'A satisfaction survey began',
  NewCustomerProfileCreated: 'A customer nobody knew before',
  QueueItemCreatedEvent: 'A conversation waits for an agent',
  NewFacebookEventReceived: 'Facebook sent an update',
  NewProviderEventReceived: 'A provider sent an update',
  SaveAgentRepliesSocialEvent: 'An agent answered on the provider’s own page',
};

/** The names of all kinds of event. */
export const eventTypes = Object.keys(all);

/** What a kind of event means to people; its own name where it is none of ours. */
export function meaningOf(type: string): string {
  return Object.hasOwn(all, type) ? all[type as EventName] : type;
}
