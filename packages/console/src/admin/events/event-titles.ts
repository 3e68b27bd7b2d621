// Written by `npm run docs` from the event definitions. Change those instead.
/** The titles of events, by name. */
export const eventTitles = {
  MessageReadyEvent: 'Customer message',
  MessageReplyReadyEvent: 'Reply to a customer',
  MessagePostbackEvent: 'Button pressed',
  MessageQuickReplyEvent: 'Quick reply chosen',
  NewMessageReceivedEvent: 'Message received from a provider',
  MessageDeliveryFailedEvent: 'Delivery failed',
  SessionCreatedEvent: 'Session started',
  SessionPathChangedEvent: 'Session transferred',
  MevrikCaseCreatedEvent: 'Case opened',
  MevrikCaseClosedEvent: 'Case closed',
  MevrikCSATStartEvent: 'Survey sent',
  NewCustomerProfileCreated: 'New customer',
  QueueItemCreatedEvent: 'Conversation queued',
  NewFacebookEventReceived: 'Facebook webhook event',
  SaveAgentRepliesSocialEvent: 'Reply to a comment',
  MessageChangeReceivedEvent: 'Message edited or deleted by the customer',
  NewProviderEventReceived: 'Provider webhook event',
} as const;
