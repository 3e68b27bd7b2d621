import type { z } from 'zod';
import { MevrikCaseClosedEvent, MevrikCaseCreatedEvent, MevrikCSATStartEvent } from './cases.ts';
import { NewCustomerProfileCreated } from './customers.ts';
import type { EventDefinition, EventEnvelope } from './event.ts';
import {
  MessageChangeReceivedEvent,
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

/** All kinds of event. The compiler requires listeners for an event that is added here. */
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
  MessageChangeReceivedEvent,
  NewProviderEventReceived,
} as const;

export type Catalogue = typeof catalogue;
/** The name of one of the catalogue's events. */
export type EventName = keyof Catalogue;
/** The data of the named event. */
export type EventData<Name extends EventName> = z.output<Catalogue[Name]['schema']>;
/** The named event as stored in the log; without a name, any event. */
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

/** The payloads of broadcast events, by the name that clients bind to. */
export type BroadcastPayloads = {
  [Kind in Broadcasting as Kind['as']]: Kind['full'];
};
/** The redacted payloads on the public topic `messages`. */
export type PublicBroadcastPayloads = {
  [Kind in Broadcasting as [Kind['redacted']] extends [never] ? never : Kind['as']]: Kind['redacted'];
};

/** All event names: the fifteen of the requirements in their order, then our own. */
export const eventNames = Object.keys(catalogue) as readonly EventName[];

/** Whether a string is the name of an event. */
export function isEventName(name: string): name is EventName {
  return Object.hasOwn(catalogue, name);
}

/** The definition of an event with its data typed as unknown, for code that handles all events alike. */
export function definitionOf(name: EventName): EventDefinition {
  return catalogue[name] as unknown as EventDefinition;
}
