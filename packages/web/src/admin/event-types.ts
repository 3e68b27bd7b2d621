import type { EventName } from '@mevrik/protocol';

/** Every kind of event; the compiler sees to it that none is missing. */
const all: Readonly<Record<EventName, true>> = {
  MessageReadyEvent: true,
  MessageReplyReadyEvent: true,
  MessagePostbackEvent: true,
  MessageQuickReplyEvent: true,
  NewMessageReceivedEvent: true,
  MessageDeliveryFailedEvent: true,
  SessionCreatedEvent: true,
  SessionPathChangedEvent: true,
  MevrikCaseCreatedEvent: true,
  MevrikCaseClosedEvent: true,
  MevrikCSATStartEvent: true,
  NewCustomerProfileCreated: true,
  QueueItemCreatedEvent: true,
  NewFacebookEventReceived: true,
  NewProviderEventReceived: true,
  SaveAgentRepliesSocialEvent: true,
};

/** The names of all kinds of event. */
export const eventTypes = Object.keys(all);
