import type { MessageContainer } from '@mevrik/protocol';
import type { z } from 'zod';

/** One update of a provider's webhook, taken apart just enough to be kept and put in order. */
export interface WebhookUpdate {
  /** What duplicates of it are known by. */
  readonly deduplicationKey: string;
  /** Whose conversation it belongs to, in the channel's own terms; the page's own where it is nobody's. */
  readonly contactId: string;
  readonly payload: Record<string, unknown>;
}

/** What an update means to us: a customer's message, or nothing yet. */
export type ParsedUpdate =
  | { readonly outcome: 'message'; readonly container: MessageContainer }
  | { readonly outcome: 'ignored'; readonly reason: string };

/** How a provider's webhook is checked and taken apart. It only translates: nothing here touches a database. */
export interface WebhookIntake {
  /** The answer to the provider's question whether this address is ours; `undefined` refuses. */
  confirm(query: Readonly<Record<string, unknown>>, settings: unknown): string | undefined;
  /** Whether the provider has signed these bytes. */
  verify(body: Buffer, headers: Readonly<Record<string, unknown>>, settings: unknown): boolean;
  /** The updates in a verified body. One that makes no sense is left out, and the others are kept. */
  split(body: unknown): readonly WebhookUpdate[];
  /** What one kept update means. */
  parse(payload: Readonly<Record<string, unknown>>, place: ChannelPlace): ParsedUpdate;
}

/** Where an update came in. */
export interface ChannelPlace {
  readonly appId: number;
  readonly channel: string;
  readonly deduplicationKey: string;
}

/** A kind of channel: how messages come in from it and go out to it. */
export interface ChannelAdapter {
  readonly kind: string;
  /** What a channel of this kind must be told: its provider's ids and secrets. */
  readonly settingsSchema: z.ZodType;
  readonly webhook: WebhookIntake | null;
  /** How replies reach the customer; a channel that cannot send yet says why. */
  readonly sender: ChannelSender;
}

/** How replies reach the customer. */
export type ChannelSender =
  | { readonly delivers: 'by-broadcast' }
  | { readonly delivers: 'not-yet'; readonly reason: string };
