import type { z } from 'zod';
import type { deliveryQuery, emailPreviewSchema, emailQuery, webhookEventQuery } from './deliveries.ts';
import type { conversationQuery } from './desk.ts';
import type * as http from './http.ts';
import type { eventQuery, parkedFilterSchema } from './inspection.ts';
import type { Message, QueueItem, Session } from './models.ts';
import type { replayEntryQuery } from './replays.ts';

type Sent<Schema extends z.ZodType> = z.input<Schema>;
type Answered<Schema extends z.ZodType> = z.output<Schema>;

/** The shapes of http.ts as types, for clients that do not bundle the schemas. */
export type StartVisitRequest = Sent<typeof http.startVisitBody>;
export type VisitTokens = Answered<typeof http.visitSchema>;
export type Me = Answered<typeof http.meSchema>;
export type OfflineMessage = Sent<typeof http.offlineMessageBody>;
export type StoredOfflineMessage = Answered<typeof http.storedOfflineMessageSchema>;
export type PostMessage = Sent<typeof http.postMessageBody>;
export type StoredMessage = Answered<typeof http.storedMessageSchema>;
export type Login = Sent<typeof http.loginBody>;
export type AvailabilityChange = Sent<typeof http.availabilityBody>;
export type Reply = Sent<typeof http.replyBody>;
export type TransferRequest = Sent<typeof http.transferBody>;
export type CloseCaseRequest = Sent<typeof http.closeCaseBody>;
export type AcceptedQueueItem = Answered<typeof http.acceptedSchema>;
export type Problem = Answered<typeof http.problemSchema>;

/** A page of a list; `next` is the cursor of the page after it. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}
/** Which page of a list. */
export interface PageQuery {
  readonly cursor?: string;
  /** 1 to 100; 50 by default. */
  readonly limit?: number;
}
/** Which queue items. */
export interface QueueQuery extends PageQuery {
  readonly status?: QueueItem['status'];
  readonly queue?: string;
  readonly appId?: number;
}
/** Which conversations. */
export type ConversationQuery = Partial<z.output<typeof conversationQuery>>;
/** Which sessions. */
export interface SessionQuery extends PageQuery {
  readonly assigned?: 'me';
  readonly agentType?: Session['agentType'];
  readonly status?: Session['status'];
  readonly appId?: number;
}
/** Which deliveries. */
export type DeliveryQuery = Partial<Sent<typeof deliveryQuery>> & PageQuery;
/** Which webhook events. */
export type WebhookEventQuery = Partial<Sent<typeof webhookEventQuery>> & PageQuery;
/** Which inbound emails. */
export type EmailQuery = Partial<Sent<typeof emailQuery>> & PageQuery;
export type EmailRecordPreview = Answered<typeof emailPreviewSchema>;
/** Which events of the log. */
export type EventQuery = Partial<Sent<typeof eventQuery>>;
/** Which parked events. */
export type ParkedEventFilter = Sent<typeof parkedFilterSchema>;
/** Which events of a replay. */
export type ReplayEntryQuery = Partial<Sent<typeof replayEntryQuery>> & PageQuery;
/** A stored reply or note. */
export interface Replied {
  readonly message: Message;
}
/** Changes to a channel's settings, secrets included. */
export interface ChannelChange {
  readonly enabled?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
}
/** A channel to add or replace. */
export interface NewChannel extends ChannelChange {
  readonly kind: string;
}
