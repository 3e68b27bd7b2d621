import { z } from 'zod';
import { dispositionFieldsSchema } from './dispositions.ts';

/** The id of a row in our database: a positive safe integer. */
export const idSchema = z.int().positive();
const instant = z.iso.datetime({ offset: true });

/** Who handles a session: the bot, or a live agent. */
export const agentTypeSchema = z.enum(['bot', 'live']);
export type AgentType = z.infer<typeof agentTypeSchema>;

/** The kinds of message. Customers send the first six; `note` is visible to agents only, `system` to everyone. */
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

/** A file hosted elsewhere: only its URL is stored. */
export const linkedFileSchema = z.strictObject({
  type: z.enum(['image', 'audio', 'video', 'file']),
  url: z.url({ protocol: /^https?$/ }).max(2048),
  name: z.string().max(255).optional(),
  contentType: z.string().max(127).optional(),
  sizeBytes: z.int().nonnegative().optional(),
});

/** An attachment of a message. */
export const attachmentSchema = linkedFileSchema.extend({
  /** Present if we store the file: then `url` is a signed link, which works for some hours. */
  fileId: z.uuid().optional(),
  /** Why the file could not be fetched from the provider; `url` is still the provider's. */
  problem: z.string().max(300).optional(),
});

/** An attachment of a new message: an uploaded file, or a file hosted elsewhere. */
export const attachmentInputSchema = z.union([z.strictObject({ fileId: z.uuid() }), linkedFileSchema]);
export type AttachmentInput = z.infer<typeof attachmentInputSchema>;
export type Attachment = z.infer<typeof attachmentSchema>;

/** One choice offered under a message, or the choice a customer made. */
export const choiceSchema = z.strictObject({
  title: z.string().min(1).max(80),
  payload: z.string().min(1).max(1000),
});
export type Choice = z.infer<typeof choiceSchema>;

/** A button under a message: it sends its payload or opens a URL. */
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

/** Who wrote a message. `id` is the customer's or the agent's. */
export const senderSchema = z.strictObject({
  type: z.enum(['customer', 'bot', 'agent', 'system']),
  id: idSchema.optional(),
  name: z.string().max(200).optional(),
});
export type Sender = z.infer<typeof senderSchema>;

/** What an email has besides its text. The full email is stored too. */
export const emailDetailsSchema = z.strictObject({
  subject: z.string().max(500).optional(),
  /** The sender, if it is not the conversation's contact. */
  from: z.string().max(320).optional(),
  /** Written automatically: a reply to one of our emails, or bulk mail. It gets no automatic reply. */
  automatic: z.enum(['reply', 'bulk']).optional(),
});
export type EmailDetails = z.infer<typeof emailDetailsSchema>;

/** The content of a message in either direction, which channels translate to and from their own format. */
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

/** The delivery status of a reply; a customer's message is `received`. */
export const deliveryStatusSchema = z.enum(['received', 'pending', 'sent', 'delivered', 'read', 'failed']);
export type DeliveryStatus = z.infer<typeof deliveryStatusSchema>;

/** A message of a conversation; in an event, as it was when the event was raised. */
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

/** A customer's session on one channel (the PRD's `SessionUser`). `path` says who handles it. */
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

/** How urgent a case is: decides its position in the queue, and its deadlines. */
export const prioritySchema = z.enum(['low', 'normal', 'high', 'urgent']);

/** A case: opened when an agent is needed, closed with a disposition or by timeout. */
export const caseSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  sessionId: idSchema,
  customerId: idSchema,
  conversationKey: z.string().min(1).max(300),
  agentType: agentTypeSchema,
  status: z.enum(['open', 'closed']),
  priority: prioritySchema,
  subject: z.string().max(200).nullable(),
  assignedAgentId: idSchema.nullable(),
  disposition: z.string().max(100).nullable(),
  /** The values of the disposition's fields. */
  dispositionFields: dispositionFieldsSchema.default({}),
  closedBy: z.enum(['agent', 'timeout', 'automatic']).nullable(),
  closedAt: instant.nullable(),
  createdAt: instant,
});
export type Case = z.infer<typeof caseSchema>;

/** A case's place in a queue. */
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
  priority: prioritySchema,
  assignedAgentId: idSchema.nullable(),
  createdAt: instant,
});
export type QueueItem = z.infer<typeof queueItemSchema>;

/** A customer, known or anonymous. */
export const customerSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  /** The customer's first conversation; it orders profile events with messages. */
  conversationKey: z.string().min(1).max(300),
  externalId: z.string().max(200).nullable(),
  name: z.string().max(200).nullable(),
  email: z.string().max(320).nullable(),
  phone: z.string().max(32).nullable(),
  locale: z.string().max(35).nullable(),
  /** Whether the app has verified the customer's identity with its signature. */
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

/** One webhook event of a provider, stored as received. */
export const webhookEventLogSchema = z.strictObject({
  id: idSchema,
  appId: idSchema,
  channel: z.string().min(1).max(64),
  provider: z.string().min(1).max(32),
  /** The provider's id of the event, which identifies duplicates. */
  deduplicationKey: z.string().min(1).max(300),
  conversationKey: z.string().min(1).max(300),
  payload: z.record(z.string(), z.unknown()),
  receivedAt: instant,
});
export type WebhookEventLog = z.infer<typeof webhookEventLogSchema>;

/** A message from a provider, translated but not stored yet (the PRD's message container). */
export const messageContainerSchema = z.strictObject({
  appId: idSchema,
  channel: z.string().min(1).max(64),
  /** The sender in the channel's terms: a page-scoped id, an email address. */
  contactId: z.string().min(1).max(200),
  conversationKey: z.string().min(1).max(300),
  /** The channel's id of the message; duplicates are stored once. */
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
  /** Present if the message was written under social content: a post or a comment. */
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

/** A customer's edit or deletion of a message that they wrote through a provider. */
export const messageChangeSchema = z.strictObject({
  appId: idSchema,
  conversationKey: z.string().min(1).max(300),
  /** The channel's id of the message. */
  externalId: z.string().min(1).max(300),
  /** The new text; `null` if the customer deleted the message. */
  text: z.string().max(10_000).nullable(),
});
export type MessageChange = z.infer<typeof messageChangeSchema>;
