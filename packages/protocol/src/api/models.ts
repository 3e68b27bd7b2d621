import { z } from 'zod';
import { dispositionFieldsSchema } from './dispositions.ts';

/** A row's number in our database: a positive safe integer. */
export const idSchema = z.int().positive();
const instant = z.iso.datetime({ offset: true });

/** Who answers a session: the bot, or a person at the desk. */
export const agentTypeSchema = z.enum(['bot', 'live']);
export type AgentType = z.infer<typeof agentTypeSchema>;

/** What kinds of message exist. Customers write the first six; `note` is seen by agents only, `system` by all. */
export const messageKindSchema = z.enum([
  'text',
  'attachment',
  'postback',
  'quick_reply',
  'video_call_request',
  'csat_answer',
  'note',
  'system',
]);
export type MessageKind = z.infer<typeof messageKindSchema>;

/** A file somewhere else: we keep its address, not its bytes. */
export const linkedFileSchema = z.strictObject({
  type: z.enum(['image', 'audio', 'video', 'file']),
  url: z.url({ protocol: /^https?$/ }).max(2048),
  name: z.string().max(255).optional(),
  contentType: z.string().max(127).optional(),
  sizeBytes: z.int().nonnegative().optional(),
});

/** A file of a message. */
export const attachmentSchema = linkedFileSchema.extend({
  /** Present where we keep its bytes: then `url` is an address of ours, which works for some hours. */
  fileId: z.uuid().optional(),
  /** Why we could not fetch it from the provider, whose address `url` still is. */
  problem: z.string().max(300).optional(),
});

/** A file for a message that is being written: one that was uploaded, or one somewhere else. */
export const attachmentInputSchema = z.union([z.strictObject({ fileId: z.uuid() }), linkedFileSchema]);
export type AttachmentInput = z.infer<typeof attachmentInputSchema>;
export type Attachment = z.infer<typeof attachmentSchema>;

/** One choice offered under a message, or the choice a customer made. */
export const choiceSchema = z.strictObject({
  title: z.string().min(1).max(80),
  payload: z.string().min(1).max(1000),
});
export type Choice = z.infer<typeof choiceSchema>;

/** A button under a message: it either posts its payload back or opens an address. */
export const buttonSchema = z.union([
  choiceSchema,
  z.strictObject({ title: z.string().min(1).max(80), url: z.url({ protocol: /^https?$/ }).max(2048) }),
]);
export type Button = z.infer<typeof buttonSchema>;

/** An answer to a satisfaction survey: 1 (bad) to 5 (good). */
export const csatAnswerSchema = z.strictObject({
  score: z.int().min(1).max(5),
  comment: z.string().max(2000).optional(),
});
export type CsatAnswer = z.infer<typeof csatAnswerSchema>;

/** Who wrote a message. `id` is the customer's or the agent's number. */
export const senderSchema = z.strictObject({
  type: z.enum(['customer', 'bot', 'agent', 'system']),
  id: idSchema.optional(),
  name: z.string().max(200).optional(),
});
export type Sender = z.infer<typeof senderSchema>;

/** What a mail has besides its text. The whole of it is kept, and can be asked for. */
export const emailDetailsSchema = z.strictObject({
  subject: z.string().max(500).optional(),
  /** Who wrote, where that is not the conversation's own contact. */
  from: z.string().max(320).optional(),
  /** A machine wrote it: an answer to a mail of ours, or something to many. No machine of ours answers. */
  automatic: z.enum(['reply', 'bulk']).optional(),
});
export type EmailDetails = z.infer<typeof emailDetailsSchema>;

/** What a message says, whatever its direction: the part that a channel translates to and from its own form. */
export const messageContentSchema = z.strictObject({
  text: z.string().max(10_000).optional(),
  attachments: z.array(attachmentSchema).max(10).optional(),
  postback: choiceSchema.optional(),
  quickReply: choiceSchema.optional(),
  csat: csatAnswerSchema.optional(),
  quickReplies: z.array(choiceSchema).max(13).optional(),
  buttons: z.array(buttonSchema).max(10).optional(),
  /** On an email channel. */
  email: emailDetailsSchema.optional(),
});
export type MessageContent = z.infer<typeof messageContentSchema>;

/** How far an outgoing message has come; a customer's own message is `received`. */
export const deliveryStatusSchema = z.enum(['received', 'pending', 'sent', 'delivered', 'read', 'failed']);
export type DeliveryStatus = z.infer<typeof deliveryStatusSchema>;

/** A message of a conversation, as it stood when its event was raised. */
export const messageSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  caseId: idSchema.nullable(),
  conversationKey: z.string().min(1).max(300),
  channel: z.string().min(1).max(64),
  kind: messageKindSchema,
  isReply: z.boolean(),
  agentType: agentTypeSchema,
  sender: senderSchema,
  content: messageContentSchema,
  deliveryStatus: deliveryStatusSchema,
  createdAt: instant,
});
export type Message = z.infer<typeof messageSchema>;

/** A customer's session on one channel (the PRD's `SessionUser`). `path` says where in the journey it stands. */
export const sessionSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  customerId: idSchema,
  conversationKey: z.string().min(1).max(300),
  channel: z.string().min(1).max(64),
  status: z.enum(['active', 'expired', 'ended']),
  agentType: agentTypeSchema,
  path: z.string().min(1).max(200),
  assignedAgentId: idSchema.nullable(),
  openCaseId: idSchema.nullable(),
  expiresAt: instant,
  createdAt: instant,
});
export type Session = z.infer<typeof sessionSchema>;

/** A support case: opened when a person is needed, closed with a disposition or by time-out. */
export const caseSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  conversationKey: z.string().min(1).max(300),
  agentType: agentTypeSchema,
  status: z.enum(['open', 'closed']),
  priority: z.enum(['low', 'normal', 'high', 'urgent']),
  subject: z.string().max(200).nullable(),
  assignedAgentId: idSchema.nullable(),
  disposition: z.string().max(100).nullable(),
  /** What the disposition asked for. */
  dispositionFields: dispositionFieldsSchema.default({}),
  closedBy: z.enum(['agent', 'timeout', 'automatic']).nullable(),
  closedAt: instant.nullable(),
  createdAt: instant,
});
export type Case = z.infer<typeof caseSchema>;

/** A place in a queue, waiting for an agent. */
export const queueItemSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  caseId: idSchema,
  conversationKey: z.string().min(1).max(300),
  queue: z.string().min(1).max(64),
  status: z.enum(['waiting', 'assigned', 'done', 'abandoned']),
  reason: z.enum(['handover', 'transfer', 'rule', 'video_call', 'offline_form']),
  skills: z.array(z.string().min(1).max(64)).max(20),
  priority: z.enum(['low', 'normal', 'high', 'urgent']),
  assignedAgentId: idSchema.nullable(),
  createdAt: instant,
});
export type QueueItem = z.infer<typeof queueItemSchema>;

/** A person or a visitor who writes to us. */
export const customerSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  /** The conversation in which we first met them; it orders their profile events with their messages. */
  conversationKey: z.string().min(1).max(300),
  externalId: z.string().max(200).nullable(),
  name: z.string().max(200).nullable(),
  email: z.string().max(320).nullable(),
  phone: z.string().max(32).nullable(),
  locale: z.string().max(35).nullable(),
  /** True once an identity was proven by the app's own signature. */
  verified: z.boolean(),
  attributes: z.record(z.string().max(64), z.union([z.string().max(1000), z.number(), z.boolean()])),
  createdAt: instant,
});
export type Customer = z.infer<typeof customerSchema>;

/** A survey sent after a case was closed. */
export const csatSurveySchema = z.strictObject({
  id: idSchema,
  caseId: idSchema,
  sessionId: idSchema,
  status: z.enum(['sent', 'answered', 'expired']),
  expiresAt: instant,
});
export type CsatSurvey = z.infer<typeof csatSurveySchema>;

/** One update of a provider's webhook, kept raw before anything is made of it. */
export const webhookEventLogSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  channel: z.string().min(1).max(64),
  provider: z.string().min(1).max(32),
  /** The provider's own number for this update: what duplicates are known by. */
  deduplicationKey: z.string().min(1).max(300),
  conversationKey: z.string().min(1).max(300),
  payload: z.record(z.string(), z.unknown()),
  receivedAt: instant,
});
export type WebhookEventLog = z.infer<typeof webhookEventLogSchema>;

/** A message from outside, translated into our terms but not yet stored (the PRD's message container). */
export const messageContainerSchema = z.strictObject({
  appId: idSchema,
  channel: z.string().min(1).max(64),
  /** Who wrote, in the channel's own terms: a page-scoped id, an address. */
  contactId: z.string().min(1).max(200),
  conversationKey: z.string().min(1).max(300),
  /** The channel's own number for the message: a repeated one is stored once. */
  externalId: z.string().min(1).max(300),
  kind: messageKindSchema,
  content: messageContentSchema,
  profile: z.strictObject({
    name: z.string().max(200).optional(),
    email: z.string().max(320).optional(),
    phone: z.string().max(32).optional(),
    locale: z.string().max(35).optional(),
    attributes: customerSchema.shape.attributes.optional(),
  }),
  /** Present where the message was written under social content: a post, a comment. */
  social: z
    .strictObject({
      platform: z.string().min(1).max(32),
      postId: z.string().max(200).optional(),
      commentId: z.string().max(200).optional(),
      postUrl: z.url().max(2048).optional(),
    })
    .optional(),
  sentAt: instant,
});
export type MessageContainer = z.infer<typeof messageContainerSchema>;

/**
 * The ordering key of a conversation: everything about one contact on one channel of one app is in one order.
 * Known before any session exists, and stable across sessions.
 */
export function conversationKey(appId: number, channel: string, contactId: string): string {
  return `${appId}/${channel}:${contactId}`;
}
