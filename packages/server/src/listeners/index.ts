import type { ListenerTable } from '../dispatch/listener.ts';
import { AuditCaseClosure, ResetSessionToBot, StartCsat } from './after-case-closed.ts';
import { AnnounceCase } from './announce-case.ts';
import { AnnouncePathChange } from './announce-path-change.ts';
import { AssignQueueItem } from './assign-queue-item.ts';
import { EnrichCustomerProfile, OnboardCustomer } from './customer-profile.ts';
import { DeliverReply } from './deliver-reply.ts';
import { HandleDeliveryFailure } from './handle-delivery-failure.ts';
import { HandleMessageReadyEvent } from './handle-message-ready-event.ts';
import { HandleFacebookEvent, HandleProviderEvent } from './handle-provider-event.ts';
import { InitializeCustomerSession } from './initialize-customer-session.ts';
import type { ListenerDeps } from './listener-deps.ts';
import { LogMessageEvent } from './log-message-event.ts';
import { PostSocialReply } from './post-social-reply.ts';
import { SendCsatSurvey } from './send-csat-survey.ts';
import { SendWelcomeMessage } from './send-welcome-message.ts';
import { StoreReceivedMessage } from './store-received-message.ts';

/** The listeners of each event, in the order in which they are called. The compiler requires a line for every event. */
export const listen: ListenerTable<ListenerDeps> = {
  MessageReadyEvent: [HandleMessageReadyEvent, LogMessageEvent],
  MessageReplyReadyEvent: [DeliverReply, LogMessageEvent],
  MessagePostbackEvent: [HandleMessageReadyEvent],
  MessageQuickReplyEvent: [HandleMessageReadyEvent],
  NewMessageReceivedEvent: [StoreReceivedMessage],
  MessageDeliveryFailedEvent: [HandleDeliveryFailure],
  SessionCreatedEvent: [InitializeCustomerSession, SendWelcomeMessage],
  SessionPathChangedEvent: [AnnouncePathChange],
  MevrikCaseCreatedEvent: [AnnounceCase],
  MevrikCaseClosedEvent: [AuditCaseClosure, StartCsat, ResetSessionToBot],
  MevrikCSATStartEvent: [SendCsatSurvey],
  NewCustomerProfileCreated: [OnboardCustomer, EnrichCustomerProfile],
  QueueItemCreatedEvent: [AssignQueueItem],
  NewFacebookEventReceived: [HandleFacebookEvent],
  SaveAgentRepliesSocialEvent: [PostSocialReply],
  MessageChangeReceivedEvent: [StoreReceivedMessage],
  NewProviderEventReceived: [HandleProviderEvent],
};
