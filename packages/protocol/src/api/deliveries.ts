import { z } from 'zod';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';

/** How far a message has come on its way through a provider. */
export const deliveryStateSchema = z.enum(['queued', 'sending', 'sent', 'delivered', 'read', 'failed']);
export type DeliveryState = z.infer<typeof deliveryStateSchema>;

/** One time that something was handed to a provider, and what came of it. */
export const deliveryAttemptSchema = z.object({
  id: idSchema,
  /** Which part of the message, from 0: a long one goes in several. */
  part: z.int(),
  /** `open`: under way; `doubtful`: nobody can say whether the provider has taken it. */
  outcome: z.enum(['open', 'sent', 'temporary', 'permanent', 'channel_down', 'doubtful']),
  error: z.string().nullable(),
  /** The provider's number for what it has taken. */
  externalId: z.string().nullable(),
  /** What became of a doubt: sent again, given up, or the provider told that it has arrived. */
  decision: z.enum(['resend', 'give_up', 'arrived']).nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
});
export type DeliveryAttempt = z.infer<typeof deliveryAttemptSchema>;

/** A message on its way to one contact, with every attempt. */
export const deliverySchema = z.object({
  id: idSchema,
  appId: idSchema,
  messageId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  channel: z.string(),
  contactId: z.string(),
  /** The comment that it answers; `null` where it goes to the contact. */
  comment: z.object({ id: z.string(), visibility: z.enum(['public', 'private']) }).nullable(),
  status: deliveryStateSchema,
  /** Attempts of which nobody could say whether they arrived. */
  doubts: z.int(),
  /** What went wrong last. */
  error: z.string().nullable(),
  /** The delivery instead of which this one was made. */
  fallbackOf: idSchema.nullable(),
  /** Not before: while it is queued. */
  nextAttemptAt: z.string().nullable(),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  /** Oldest first; the last fifty. */
  attempts: z.array(deliveryAttemptSchema),
});
export type Delivery = z.infer<typeof deliverySchema>;

export const deliveryQuery = pageQuery.extend({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  channel: z.string().min(1).max(64).optional(),
  status: deliveryStateSchema.optional(),
  sessionId: z.coerce.number().pipe(idSchema).optional(),
  messageId: z.coerce.number().pipe(idSchema).optional(),
  /** Those alone with an attempt of which nobody could say whether it arrived. */
  doubtful: z.enum(['true', 'false']).optional(),
});

/** A channel, and how it is doing. */
export const channelStateSchema = z.object({
  appId: idSchema,
  appName: z.string(),
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  /** Nothing is sent there, and nothing fails: what is to be sent waits. */
  isDown: z.boolean(),
  /** Why it is down. */
  reason: z.string().nullable(),
  /** Since when it is down, or up again; `null` where it never was down. */
  since: z.string().nullable(),
  /** When it is tried the next time, while it is down. */
  probeAt: z.string().nullable(),
  /** Until when the provider wants nothing, as where a rate limit is reached. */
  pausedUntil: z.string().nullable(),
  /** Messages that wait to be sent. */
  waiting: z.int(),
  /** Over the last day. */
  sent: z.int(),
  failed: z.int(),
  doubtful: z.int(),
  /** When something last came in from its provider, as an update or a mail; `null`: never. */
  receivedAt: z.string().nullable(),
});
export type ChannelState = z.infer<typeof channelStateSchema>;

/** One update of a provider, kept as it came in. */
export const webhookEventSchema = z.object({
  id: idSchema,
  appId: idSchema,
  channel: z.string(),
  provider: z.string(),
  deduplicationKey: z.string(),
  conversationKey: z.string(),
  payload: z.record(z.string(), z.unknown()),
  status: z.enum(['received', 'handled', 'ignored']),
  /** Why nothing was made of it. */
  note: z.string().nullable(),
  receivedAt: z.string(),
});
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** A mail that came in, without its bytes. */
export const emailRecordSchema = z.object({
  id: idSchema,
  appId: idSchema,
  channel: z.string(),
  source: z.enum(['smtp', 'imap']),
  deduplicationKey: z.string(),
  /** By the envelope; empty for bounces. */
  sender: z.string(),
  recipient: z.string(),
  messageId: z.string().nullable(),
  sizeBytes: z.int(),
  /** `unreadable` is the mail's own fault, `failed` is ours: it was tried as often as it may be. */
  status: z.enum(['received', 'handled', 'ignored', 'unreadable', 'failed']),
  /** Why nothing was made of it, or has not been so far. */
  note: z.string().nullable(),
  attempts: z.int(),
  /** When it is tried again, where it has not worked. */
  retryAt: z.string().nullable(),
  conversationKey: z.string().nullable(),
  receivedAt: z.string(),
});
export type EmailRecord = z.infer<typeof emailRecordSchema>;

/** A mail as it came in, as far as people read: the whole is behind `raw`. */
export const emailPreviewSchema = emailRecordSchema.extend({ start: z.string() });

export const emailQuery = pageQuery.extend({
  appId: deliveryQuery.shape.appId,
  channel: deliveryQuery.shape.channel,
  status: emailRecordSchema.shape.status.optional(),
});

export const webhookEventQuery = pageQuery.extend({
  appId: deliveryQuery.shape.appId,
  channel: deliveryQuery.shape.channel,
  provider: z.string().min(1).max(32).optional(),
  status: webhookEventSchema.shape.status.optional(),
});
