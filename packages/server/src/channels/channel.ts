import type {
  ChannelCapabilities,
  ChannelSource,
  MessageContainer,
  MessageContent,
  providerEvents,
  Sender,
} from '@mevrik/protocol';
import type { z } from 'zod';
import type { ChannelFailure } from './channel-error.ts';

/** One event of a provider's webhook body, with what is needed to store it and to keep its order. */
export interface RawWebhookEvent {
  /** Equal for repeated deliveries of the same event. */
  readonly deduplicationKey: string;
  /** The contact whose conversation it belongs to; the account's own id for an event of no conversation. */
  readonly contactId: string;
  /** The provider's account that it is for, as several may share one webhook; `null` if the event does not say. */
  readonly accountId: string | null;
  readonly payload: Record<string, unknown>;
}

/** What a webhook event means. */
export type ParsedWebhookEvent =
  | { readonly outcome: 'message'; readonly container: MessageContainer }
  /** Messages of ours were delivered or read: those with the given ids, or all sent until an instant. */
  | {
      readonly outcome: 'receipt';
      readonly status: 'delivered' | 'read';
      readonly externalIds: readonly string[];
      readonly until: string | null;
    }
  /** A message that the provider had accepted will not be delivered. */
  | { readonly outcome: 'failure'; readonly externalId: string; readonly error: string }
  /** The provider echoes a message of ours, with the reference that it was sent with. */
  | { readonly outcome: 'echo'; readonly reference: string; readonly externalId: string }
  /** The account itself posted a public comment. Such an event carries no reference. */
  | {
      readonly outcome: 'own-comment';
      readonly externalId: string;
      /** The comment that it replies to, and the post that both belong to; `null` if unknown. */
      readonly parentId: string | null;
      readonly postId: string | null;
      readonly text: string;
      readonly writtenAt: string | null;
    }
  /** The customer edited a message; `text` is `null` if they deleted it. */
  | { readonly outcome: 'changed'; readonly externalId: string; readonly text: string | null }
  /** Added to the conversation as a note for agents; `attributes` are added to the customer. */
  | {
      readonly outcome: 'note';
      readonly text: string;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** A warning of the provider about the account, shown to administrators. */
  | { readonly outcome: 'alert'; readonly text: string }
  | { readonly outcome: 'ignored'; readonly reason: string };

/** Verifies and translates a provider's webhook. It never touches the database. */
export interface WebhookIntake {
  /** The domain event that is raised for each webhook event. */
  readonly event: (typeof providerEvents)[number];
  /** The response to the provider's request to verify this address; `undefined` rejects it. */
  confirm(query: Readonly<Record<string, unknown>>, settings: unknown): string | undefined;
  /** Whether the provider signed these bytes. */
  verify(body: Buffer, headers: Readonly<Record<string, unknown>>, settings: unknown): boolean;
  /** The id of the provider's account that a channel with these settings serves; `undefined` if there is none. */
  accountIdOf(settings: unknown): string | undefined;
  /**
   * Splits a verified body into its events. It never throws and drops nothing: a malformed event is returned as
   * unreadable and does not affect the others. `settings` belong to the channel whose address was called.
   */
  split(body: unknown, settings: unknown): readonly RawWebhookEvent[];
  /** Interprets a stored event. It never throws, and returns the same for the same event. */
  parse(payload: Readonly<Record<string, unknown>>, source: WebhookEventSource): ParsedWebhookEvent;
}

/** The channel that a webhook event came in on. */
export interface WebhookEventSource extends ChannelRef {
  readonly deduplicationKey: string;
}

/** A message to send. */
export interface OutboundMessage {
  readonly content: MessageContent;
  readonly sender: Sender['type'];
  /** The recipient's id on the channel. */
  readonly contactId: string;
  /** The comment that it replies to; `null` for a message to the contact. */
  readonly comment: { readonly id: string; readonly visibility: 'public' | 'private' } | null;
  /** Milliseconds since the customer last wrote in this conversation; `null` if they never did. */
  readonly silentMs: number | null;
  /** Our id of the contact. */
  readonly contactIdentityId: number;
  /** The customer's messages before this one. */
  readonly thread: {
    /** The provider's ids of the latest messages, oldest first. */
    readonly externalIds: readonly string[];
    /** The subject of the latest one. */
    readonly subject: string | null;
  };
}

/** One request to the provider; a message may take several. */
export interface OutboundPart {
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether sending it twice does little harm. */
  readonly isRepeatable: boolean;
}

/** Access to the stored files of messages. */
export interface ChannelFiles {
  /** A message's content with file URLs that are valid now. */
  sign(content: MessageContent): MessageContent;
  /** Reads a whole file. @throws Error if the file no longer exists. */
  read(fileId: string): Promise<Buffer>;
}

/** Where a provider's file can be downloaded. */
export interface FileSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The text and image of a post. */
export interface DescribedPost {
  readonly text: string | null;
  readonly imageUrl: string | null;
}

/** The context of a call to a provider. */
export interface SendContext {
  /** The channel's settings. */
  readonly settings: unknown;
  readonly files: ChannelFiles;
  /** Aborted when the call has timed out. */
  readonly signal: AbortSignal;
}

/** The provider accepted a part. */
export interface ChannelReceipt {
  /** The provider's id of it. */
  readonly externalId: string;
  /** Milliseconds for which the provider asks us to pause the channel. */
  readonly pauseMs?: number | undefined;
}

/** The recipient of an indicator. */
export interface IndicatorTarget {
  /** The contact's id on the channel. */
  readonly contactId: string;
  /** The provider's id of the contact's latest message; `null` if it has none. */
  readonly externalId: string | null;
}

/** A rate limit of a provider: at most `limit` parts in any period of `withinMs`. */
export interface Pace {
  /** What shares the limit: the account, and the type of part. */
  readonly lane: string;
  readonly limit: number;
  readonly withinMs: number;
}

/** Sends replies through a provider. It only translates and calls: order, retries and records are handled by `delivery/`. */
export interface ChannelOutlet {
  readonly delivers: 'by-sending';
  readonly capabilities: ChannelCapabilities;
  /**
   * The parts of a message: always the same for the same message.
   *
   * @throws ChannelError if the message can never be sent to this contact.
   */
  compose(message: OutboundMessage, settings: unknown): readonly OutboundPart[];
  /**
   * Sends a part. `reference` is the same in every attempt: use it as the idempotency key if the provider supports one.
   *
   * @throws an error that `classify` understands.
   */
  send(part: OutboundPart, reference: string, context: SendContext): Promise<ChannelReceipt>;
  /** The rate limit that a part counts towards; absent or `undefined` if no limit is known. */
  pace?(part: OutboundPart, settings: unknown): Pace | undefined;
  /** Classifies an error of `compose`, `send` or `probe`. */
  classify(error: unknown): ChannelFailure;
  /** Makes a harmless request to find out whether the provider is available. @throws an error if it is not. */
  probe(context: SendContext): Promise<void>;
  /** Hours after the customer's last message in which agents may write, if that is longer than for the bot. */
  agentWindowHours?(settings: unknown): number;
  /** Hours after a comment in which it can be answered privately; absent if the provider sets no limit. */
  readonly privateReplyHours?: number;
  /** Whether this contact can be sent a message that is not a reply to a comment; absent: always. */
  reaches?(contactId: string): boolean;
  /**
   * The maximum number of messages an hour that the bot and the system may send to one contact. With a limit, they
   * also never reply to automatic messages, so that two machines cannot answer each other forever. Absent: no limit.
   */
  automaticPerHour?(settings: unknown): number;
  /** Shows the customer that their message was read or that an agent is typing. */
  showIndicator?(indicator: 'seen' | 'typing', to: IndicatorTarget, context: SendContext): Promise<void>;
}

/** How replies reach the customer. A channel that cannot send says why. */
export type ChannelSender =
  | { readonly delivers: 'by-broadcast' }
  | { readonly delivers: 'never'; readonly reason: string }
  | ChannelOutlet;

/** How the panel presents a kind of channel to administrators. */
export interface ChannelGuide {
  readonly title: string;
  readonly summary: string;
  /**
   * The steps to take at the provider. Placeholders: `{webhook}` is the address that the provider calls, `{mailServer}`
   * the server that receives emails; the name of a setting, such as `{verifyToken}`, is its value.
   */
  readonly steps: readonly string[];
}

/** A channel of an app, by its name. */
export interface ChannelRef {
  readonly appId: number;
  readonly channel: string;
}

/** A kind of channel: how messages come in and how replies go out. */
export interface ChannelAdapter {
  readonly kind: string;
  readonly source: ChannelSource;
  /** Whether each new app gets a channel of this kind, named like it. It needs no settings. Absent: no. */
  readonly isInNewApps?: boolean;
  /** If absent, the panel shows the kind's name without steps. */
  readonly guide?: ChannelGuide;
  /**
   * The settings of a channel of this kind, such as the provider's ids and secrets. Each field has `meta` with a
   * `title`, a `description`, and `isSecret` for values that are never shown again.
   */
  readonly settingsSchema: z.ZodType;
  readonly webhook: WebhookIntake | null;
  readonly sender: ChannelSender;
  /** Fetches the text and image of a post that a customer commented on. @throws an error that `classify` understands. */
  readonly describePost?: (postId: string, context: SendContext) => Promise<DescribedPost>;
  /** Fetches the name of a contact who wrote without one; `null` if unknown. @throws an error that `classify` understands. */
  readonly fetchName?: (contactId: string, context: SendContext) => Promise<string | null>;
  /**
   * Where to download a received file, given the `url` that `parse` returned; absent if files stay at the provider.
   *
   * @throws an error that `classify` understands.
   */
  locate?(url: string, context: SendContext): Promise<FileSource>;
  /** Tests all the credentials in the settings; absent if `probe` is enough. @throws an error that `classify` understands. */
  test?(context: SendContext): Promise<void>;
  /** The contact of an email address on a channel with these settings; `undefined` if it cannot be written to. */
  contactForEmail?(email: string, settings: unknown): string | undefined;
  /** Registers our webhook address with the provider. @throws an error that `classify` understands. */
  connect?(webhookUrl: string, context: SendContext): Promise<void>;
}
