import { z } from 'zod';
import { pageOf, pageQuery } from './http.ts';
import { idSchema } from './models.ts';

/** The state of a delivery through a provider. */
export const deliveryStateSchema = z.enum(['queued', 'sending', 'sent', 'delivered', 'read', 'failed']);
export type DeliveryState = z.infer<typeof deliveryStateSchema>;

/** One attempt to send a part of a message to a provider. */
export const deliveryAttemptSchema = z.object({
  id: idSchema,
  /** Which part of the message, from 0: long messages are split. */
  part: z.int(),
  /** `open`: in progress; `doubtful`: it is unknown whether the provider accepted it. */
  outcome: z.enum(['open', 'sent', 'temporary', 'permanent', 'channel_down', 'doubtful']),
  error: z.string().nullable(),
  /** The provider's id of the sent message. */
  externalId: z.string().nullable(),
  /** How a doubtful attempt was resolved: sent again, given up, or confirmed by the provider. */
  decision: z.enum(['resend', 'give_up', 'arrived']).nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
});
export type DeliveryAttempt = z.infer<typeof deliveryAttemptSchema>;

/** The delivery of a message to one contact, with its attempts. */
export const deliverySchema = z.object({
  id: idSchema,
  appId: idSchema,
  messageId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  channel: z.string(),
  contactId: z.string(),
  /** The comment that it replies to; `null` for a direct message. */
  comment: z.object({ id: z.string(), visibility: z.enum(['public', 'private']) }).nullable(),
  status: deliveryStateSchema,
  /** Number of doubtful attempts. */
  doubts: z.int(),
  /** The last error. */
  error: z.string().nullable(),
  /** The failed delivery that this one is the fallback of. */
  fallbackOf: idSchema.nullable(),
  /** When the next attempt is due, while it is queued. */
  nextAttemptAt: z.string().nullable(),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  /** The last fifty, oldest first. */
  attempts: z.array(deliveryAttemptSchema),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** Filters of the list of deliveries. */
export const deliveryQuery = pageQuery.extend({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  channel: z.string().min(1).max(64).optional(),
  status: deliveryStateSchema.optional(),
  sessionId: z.coerce.number().pipe(idSchema).optional(),
  messageId: z.coerce.number().pipe(idSchema).optional(),
  /** Only deliveries with a doubtful attempt. */
  doubtful: z.enum(['true', 'false']).optional(),
});

/** A channel and its health. */
export const channelStateSchema = z.object({
  appId: idSchema,
  appName: z.string(),
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  /** While a channel is down, its deliveries wait and do not fail. */
  isDown: z.boolean(),
  /** Why it is down. */
  reason: z.string().nullable(),
  /** When it last went down or recovered; `null` if it never was down. */
  since: z.string().nullable(),
  /** When it is checked next, while it is down. */
  probeAt: z.string().nullable(),
  /** Until when sending is paused, for example because of a rate limit. */
  pausedUntil: z.string().nullable(),
  /** Messages waiting to be sent. */
  waiting: z.int(),
  /** Over the last day. */
  sent: z.int(),
  failed: z.int(),
  doubtful: z.int(),
  /** When its provider last sent a webhook event or email; `null`: never. */
  receivedAt: z.string().nullable(),
});
export type ChannelState = z.infer<typeof channelStateSchema>;

/** One webhook event of a provider, as received. */
export const webhookEventSchema = z.object({
  id: idSchema,
  appId: idSchema,
  channel: z.string(),
  provider: z.string(),
  deduplicationKey: z.string(),
  conversationKey: z.string(),
  payload: z.record(z.string(), z.unknown()),
  status: z.enum(['received', 'handled', 'ignored']),
  /** Why it was ignored. */
  note: z.string().nullable(),
  receivedAt: z.string(),
});
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** An inbound email, without its source. */
export const emailRecordSchema = z.object({
  id: idSchema,
  appId: idSchema,
  channel: z.string(),
  source: z.enum(['smtp', 'imap']),
  deduplicationKey: z.string(),
  /** Envelope sender; empty for bounces. */
  sender: z.string(),
  recipient: z.string(),
  messageId: z.string().nullable(),
  sizeBytes: z.int(),
  /** `unreadable`: the email is malformed; `failed`: all attempts to process it failed. */
  status: z.enum(['received', 'handled', 'ignored', 'unreadable', 'failed']),
  /** Why it was ignored, or is not processed yet. */
  note: z.string().nullable(),
  attempts: z.int(),
  /** When it is retried, if an attempt failed. */
  retryAt: z.string().nullable(),
  conversationKey: z.string().nullable(),
  receivedAt: z.string(),
});
export type EmailRecord = z.infer<typeof emailRecordSchema>;

/** An inbound email with the start of its source. */
export const emailPreviewSchema = emailRecordSchema.extend({ start: z.string() });

/** Filters of the list of inbound emails. */
export const emailQuery = pageQuery.extend({
  appId: deliveryQuery.shape.appId,
  channel: deliveryQuery.shape.channel,
  status: emailRecordSchema.shape.status.optional(),
});

/** Filters of the list of webhook events. */
export const webhookEventQuery = pageQuery.extend({
  appId: deliveryQuery.shape.appId,
  channel: deliveryQuery.shape.channel,
  provider: z.string().min(1).max(32).optional(),
  status: webhookEventSchema.shape.status.optional(),
});

/** A page of webhook events, with the number in each state, up to `mostCounted`. */
export const webhookEventPageSchema = pageOf(webhookEventSchema).extend({
  counts: z.record(z.string(), z.int()),
});

/** A page of inbound emails, with the number in each state, up to `mostCounted`. */
export const emailPageSchema = pageOf(emailRecordSchema).extend({ counts: z.record(z.string(), z.int()) });

const emailPerson = z.strictObject({ address: z.string(), name: z.string().nullable() });

/** An email as agents read it in full, its HTML sanitized. */
export const fullEmailSchema = z.strictObject({
  from: emailPerson.nullable(),
  to: z.array(emailPerson).readonly(),
  cc: z.array(emailPerson).readonly(),
  subject: z.string(),
  sentAt: z.string().nullable(),
  text: z.string(),
  html: z.string().nullable(),
  files: z
    .array(z.strictObject({ name: z.string(), contentType: z.string(), sizeBytes: z.int() }))
    .readonly(),
});
export type FullEmail = z.infer<typeof fullEmailSchema>;

/** How many events a webhook call contained. */
export const webhookReceiptSchema = z.object({ received: z.int() });
