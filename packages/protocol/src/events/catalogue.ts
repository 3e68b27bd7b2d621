import type { z } from 'zod';
import { MevrikCaseClosedEvent, MevrikCaseCreatedEvent, MevrikCSATStartEvent } from './cases.ts';
import { NewCustomerProfileCreated } from './customers.ts';
import type { EventDefinition, EventEnvelope } from './event.ts';
import {
  MessageDeliveryFailedEvent,
  MessagePostbackEvent,
  MessageQuickReplyEvent,
  MessageReadyEvent,
  MessageReplyReadyEvent,
  NewMessageReceivedEvent,
} from './messages.ts';
import { QueueItemCreatedEvent } from './queues.ts';
import { SessionCreatedEvent, SessionPathChangedEvent } from './sessions.ts';
import { NewFacebookEventReceived, NewProviderEventReceived, SaveAgentRepliesSocialEvent } from './social.ts';

/** Every kind of event there is. Adding one here makes the compiler ask who listens to it. */
export const catalogue = {
  MessageReadyEvent,
  MessageReplyReadyEvent,
  MessagePostbackEvent,
  MessageQuickReplyEvent,
  NewMessageReceivedEvent,
  MessageDeliveryFailedEvent,
  SessionCreatedEvent,
  SessionPathChangedEvent,
  MevrikCaseCreatedEvent,
  MevrikCaseClosedEvent,
  MevrikCSATStartEvent,
  NewCustomerProfileCreated,
  QueueItemCreatedEvent,
  NewFacebookEventReceived,
  SaveAgentRepliesSocialEvent,
  NewProviderEventReceived,
} as const;

export type Catalogue = typeof catalogue;
/** The name of one of the catalogue's events. */
export type EventName = keyof Catalogue;
/** The data of the event of that name. */
export type EventData<Name extends EventName> = z.output<Catalogue[Name]['schema']>;
/** The event of that name, as it stands in the log; without a name, any of them. */
export type Event<Name extends EventName = EventName> = {
  [N in Name]: EventEnvelope<N, EventData<N>>;
}[Name];

type Broadcasting = {
  [Name in EventName]: Catalogue[Name] extends EventDefinition<
    string,
    z.ZodType,
    infer As,
    infer Full,
    infer Redacted
  >
    ? { readonly as: As; readonly full: Full; readonly redacted: Redacted }
    : never;
}[EventName];

/** What clients hear of the log: the names they bind to, with what they get. */
export type BroadcastPayloads = {
  [Kind in Broadcasting as Kind['as']]: Kind['full'];
};
/** The same on the public topic `messages`, whose payloads are redacted. */
export type PublicBroadcastPayloads = {
  [Kind in Broadcasting as [Kind['redacted']] extends [never] ? never : Kind['as']]: Kind['redacted'];
};

/** All names: the requirements' fifteen in their order, then those of ours. */
export const eventNames = Object.keys(catalogue) as readonly EventName[];

/** Whether a string names one of the catalogue's events. */
export function isEventName(name: string): name is EventName {
  return Object.hasOwn(catalogue, name);
}

/** The definition of an event, its data seen as unknown: for code that treats all events alike. */
export function definitionOf(name: EventName): EventDefinition {
  return catalogue[name] as unknown as EventDefinition;
}
