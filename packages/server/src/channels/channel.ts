import type { MessageContainer, MessageContent, Sender } from '@mevrik/protocol';
import type { z } from 'zod';
import type { SmtpSender } from './email/smtp-sender.ts';
import type { Fault } from './fault.ts';

/** One update of a provider's webhook, taken apart just enough to be kept and put in order. */
export interface WebhookEvent {
  /** What duplicates of it are known by. */
  readonly deduplicationKey: string;
  /** Whose conversation it belongs to, in the channel's own terms; the account's own where it is nobody's. */
  readonly contactId: string;
  /** The provider's account that it is for, as several may share one webhook; `null` where updates do not say. */
  readonly accountId: string | null;
  readonly payload: Record<string, unknown>;
}

/** What an update means to us. */
export type ParsedWebhookEvent =
  | { readonly outcome: 'message'; readonly container: MessageContainer }
  /** How far what we sent has come: by the provider's numbers, or everything up to an instant. */
  | {
      readonly outcome: 'receipt';
      readonly status: 'delivered' | 'read';
      readonly externalIds: readonly string[];
      readonly until: string | null;
    }
  /** Something that had been taken will not arrive after all. */
  | { readonly outcome: 'failure'; readonly externalId: string; readonly error: string }
  /** Something of ours came back, with the reference that it was sent with. */
  | { readonly outcome: 'echo'; readonly reference: string; readonly externalId: string }
  /** A public answer of the account's own turned up, which carries no reference. */
  | {
      readonly outcome: 'own-comment';
      readonly externalId: string;
      /** The comment that it answers, and the post that they stand under, as far as it says so. */
      readonly parentId: string | null;
      readonly postId: string | null;
      readonly text: string;
      /** When it was written; `null` where that is not told. */
      readonly writtenAt: string | null;
    }
  /** The customer changed what they wrote; `null` where they took it back. */
  | { readonly outcome: 'changed'; readonly externalId: string; readonly text: string | null }
  /** Worth a note to the agents, and maybe something to remember of the customer. */
  | {
      readonly outcome: 'remark';
      readonly text: string;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** The provider has something to say about the account: whoever runs the app should know. */
  | { readonly outcome: 'alert'; readonly text: string }
  | { readonly outcome: 'ignored'; readonly reason: string };

/** How a provider's webhook is checked and taken apart. It only translates: nothing here touches a database. */
export interface WebhookIntake {
  /** The event that is raised for each of its webhook events. */
  readonly event: 'NewFacebookEventReceived' | 'NewProviderEventReceived';
  /** The answer to the provider's question whether this address is ours; `undefined` refuses. */
  confirm(query: Readonly<Record<string, unknown>>, settings: unknown): string | undefined;
  /** Whether the provider has signed these bytes. */
  verify(body: Buffer, headers: Readonly<Record<string, unknown>>, settings: unknown): boolean;
  /** The id of the provider's account that a channel with these settings serves. */
  accountIdOf(settings: unknown): string | undefined;
  /**
   * The updates in a verified body. One that makes no sense costs none of the others; nothing of it is left out.
   * `settings` are those of the channel that was called, for updates that do not say whose they are.
   */
  split(body: unknown, settings: unknown): readonly WebhookEvent[];
  /** What one kept update means. */
  parse(payload: Readonly<Record<string, unknown>>, source: WebhookEventSource): ParsedWebhookEvent;
}

/** The channel that a webhook event came in on. */
export interface WebhookEventSource {
  readonly appId: number;
  readonly channel: string;
  readonly deduplicationKey: string;
}

/** What can be sent to the customers of a channel. */
export interface ChannelCapabilities {
  /** Characters of a text; a longer one becomes several messages. */
  readonly textLength: number;
  /** Quick replies under a message. */
  readonly quickReplies: number;
  /** Buttons under a message. */
  readonly buttons: number;
  readonly attachments: readonly ('image' | 'audio' | 'video' | 'file')[];
  /** Hours after the customer's last message in which we may write; `null`: always. */
  readonly replyWindowHours: number | null;
}

/** A message on its way out. */
export interface OutboundMessage {
  readonly content: MessageContent;
  readonly sender: Sender['type'];
  /** Who gets it, in the channel's own terms. */
  readonly contactId: string;
  /** The comment that it answers; `null` where it goes to the contact. */
  readonly comment: { readonly id: string; readonly visibility: 'public' | 'private' } | null;
  /** Milliseconds since the customer last wrote in this conversation; `null` if they never did. */
  readonly silentMs: number | null;
  /** Our number of the contact. */
  readonly contactIdentityId: number;
  /** What the customer had written in this conversation before the message. */
  readonly thread: {
    /** The channel's numbers of their latest messages, oldest first. */
    readonly externalIds: readonly string[];
    /** What the last of them was headed with. */
    readonly subject: string | null;
  };
}

/** What is sent in one go: a message may take several. */
export interface OutboundPart {
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether it does little harm when it arrives twice. */
  readonly isRepeatable: boolean;
}

/** What all channels of a kind have in common: addresses of providers as they are configured, keys of our own. */
export interface ChannelServices {
  readonly graphUrl: string;
  readonly email: {
    /** What marks in mails are made with, so that nobody else can make them. */
    readonly key: Buffer;
    readonly sender: SmtpSender;
  };
  readonly files: ChannelFiles;
}

/** The kept files of messages, as far as channels deal with them. */
export interface ChannelFiles {
  /** A message's content with addresses of its files that work now. */
  sign(content: MessageContent): MessageContent;
  /** All of a file. @throws where there is no such file any more. */
  read(fileId: string): Promise<Buffer>;
}

/** Where a provider's file can be fetched. */
export interface FileSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a post says and shows. */
export interface DescribedPost {
  readonly text: string | null;
  readonly imageUrl: string | null;
}

/** What sending goes with. */
export interface SendContext {
  readonly settings: unknown;
  readonly services: ChannelServices;
  /** Aborted when the attempt has run out of time. */
  readonly signal: AbortSignal;
}

/** The provider has taken a part. */
export interface ChannelReceipt {
  /** The provider's number for it. */
  readonly externalId: string;
  /** For how long the provider wants nothing more of this channel. */
  readonly pauseMs?: number | undefined;
}

/** Whom a sign is for. */
export interface SignTarget {
  /** In the channel's own terms. */
  readonly contactId: string;
  /** The channel's number of what they wrote last; `null` where it has none. */
  readonly externalId: string | null;
}

/** How fast a provider takes parts of one sort for one account. */
export interface Pace {
  /** What shares the pace: the account, and the sort of part. */
  readonly lane: string;
  /** At most so many … */
  readonly limit: number;
  /** … within any so many milliseconds. */
  readonly withinMs: number;
}

/** How replies are sent. It only translates and calls: order, retries and records are not its matter. */
export interface ChannelOutlet {
  readonly delivers: 'by-sending';
  readonly capabilities: ChannelCapabilities;
  /**
   * The parts of a message, always the same for the same message.
   * @throws ChannelError where the message cannot go to this contact at all.
   */
  compose(message: OutboundMessage, settings: unknown): readonly OutboundPart[];
  /**
   * Sends a part. `reference` is ours and the same in every attempt: an idempotency key where the provider knows such.
   * @throws whatever `classify` makes something of.
   */
  send(part: OutboundPart, reference: string, context: SendContext): Promise<ChannelReceipt>;
  /** The provider's limit that a part counts towards; absent, or `undefined`: it has none that we know of. */
  pace?(part: OutboundPart, settings: unknown): Pace | undefined;
  /** What an error of `compose`, `send` or `probe` means. */
  classify(error: unknown): Fault;
  /** Asks the provider for something harmless, to see whether it is back. @throws when it is not. */
  probe(context: SendContext): Promise<void>;
  /** Hours after the customer's last message in which people may write, where that is longer than for machines. */
  agentWindowHours?(settings: unknown): number;
  /** Hours after a comment in which it can be answered privately; absent where comments are not answered privately. */
  readonly privateReplyHours?: number;
  /** Whether a message can go to this contact by itself, and not only as an answer to something; absent: always. */
  reaches?(contactId: string): boolean;
  /**
   * How many messages the bot and the system may send to one contact in an hour, and none at all to what a machine
   * wrote; absent where machines do not write to each other.
   */
  automaticPerHour?(settings: unknown): number;
  /** Shows the customer that we have seen their message, or that somebody is typing. */
  signal?(sign: 'seen' | 'typing', to: SignTarget, context: SendContext): Promise<void>;
}

/** How replies reach the customer; a channel that cannot send says why. */
export type ChannelSender =
  | { readonly delivers: 'by-broadcast' }
  | { readonly delivers: 'never'; readonly reason: string }
  | ChannelOutlet;

/** What administrators are told of a kind of channel. */
export interface ChannelGuide {
  readonly title: string;
  readonly summary: string;
  /**
   * What is to be done at the provider, in order. `{webhook}` stands for the address that it calls, `{mailServer}` for
   * the server that takes mails, and `{verifyToken}`, as an example, for that setting.
   */
  readonly steps: readonly string[];
}

/** Where messages of a channel come from: visitors over our own API, the app's back end, or a provider. */
export type ChannelSource = 'visitor' | 'backend' | 'provider';

/** A kind of channel: how messages come in from it and go out to it. */
export interface ChannelAdapter {
  readonly kind: string;
  /** Where its messages come from. */
  readonly source: ChannelSource;
  /** Without one, a kind is called by its name. */
  readonly guide?: ChannelGuide;
  /**
   * What a channel of this kind must be told: its provider's ids and secrets. The `meta` of each field says what it is:
   * `title`, `description`, and `isSecret` for what is never shown again.
   */
  readonly settingsSchema: z.ZodType;
  readonly webhook: WebhookIntake | null;
  readonly sender: ChannelSender;
  /** What a post says and shows that is commented on. @throws what `classify` of the sender understands. */
  readonly describePost?: (postId: string, context: SendContext) => Promise<DescribedPost>;
  /** What a contact is called who wrote without a name; `null`: not told. @throws what the sender's `classify` understands. */
  readonly nameOf?: (contactId: string, context: SendContext) => Promise<string | null>;
  /**
   * How a file that came in, by the `url` that `parse` gave it, is fetched; absent where files stay where they are.
   * @throws what the sender's `classify` makes something of.
   */
  locate?(url: string, context: SendContext): Promise<FileSource>;
  /** Tries everything that the settings open, where that is more than what `probe` of the sender asks. @throws why not. */
  test?(context: SendContext): Promise<void>;
  /** The contact of an email address on a channel with these settings; `undefined` where it cannot be written to. */
  contactForEmail?(email: string, settings: unknown): string | undefined;
  /** Tells the provider which address it is to call. @throws what the sender's `classify` makes something of. */
  connect?(webhookUrl: string, context: SendContext): Promise<void>;
}
