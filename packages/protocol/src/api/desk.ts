import { z } from 'zod';
import { dispositionSchema } from './dispositions.ts';
import { agentSchema, pageQuery } from './http.ts';
import {
  caseSchema,
  customerSchema,
  idSchema,
  messageSchema,
  queueItemSchema,
  sessionSchema,
} from './models.ts';
import { channelSourceSchema } from './settings.ts';

/** What a channel can send to its customers. */
export const channelCapabilitiesSchema = z.object({
  /** Maximum text length in characters; longer texts are split into several messages. */
  textLength: z.int(),
  /** Supported kinds of attachment; if empty, attachments are sent as links in the text, or not at all. */
  attachments: z.array(z.enum(['image', 'audio', 'video', 'file'])),
  quickReplies: z.int(),
  buttons: z.int(),
  /** Hours after the customer's last message in which replies are allowed; `null`: always. */
  replyWindowHours: z.number().nullable(),
});
export type ChannelCapabilities = z.infer<typeof channelCapabilitiesSchema>;

/** An app as its agents see it. */
export const staffAppSchema = z.object({
  id: idSchema,
  name: z.string(),
  /** The public key that clients connect with. */
  key: z.string(),
  channels: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      /** The kind as people call it, such as `Website`. */
      title: z.string(),
      /** `null` if this server does not support the kind. */
      source: channelSourceSchema.nullable(),
      enabled: z.boolean(),
      /** `null` if the channel cannot send. */
      capabilities: channelCapabilitiesSchema.nullable(),
      /** Why the channel is down, so that replies wait; `null` if it is up. */
      downReason: z.string().nullable(),
    }),
  ),
  /** Maximum attachment size in bytes. */
  fileBytes: z.int(),
  /** The known queues, the default queue first. */
  queues: z.array(z.string()),
  dispositions: z.array(dispositionSchema),
});
export type StaffApp = z.infer<typeof staffAppSchema>;

/** An agent as other agents see them. */
export const colleagueSchema = agentSchema.pick({
  id: true,
  name: true,
  role: true,
  skills: true,
  availability: true,
  appIds: true,
});
export type Colleague = z.infer<typeof colleagueSchema>;

/** Until when a channel accepts replies; if in the past, not until the customer writes again. */
export const replyWindowSchema = z.object({
  /** For messages of the bot and the system. */
  closesAt: z.string(),
  /** For replies of agents: later, if the provider has granted that. */
  closesForAgentsAt: z.string(),
});
export type ReplyWindow = z.infer<typeof replyWindowSchema>;

/** The comment that a conversation is about, and its post. */
export const commentContextSchema = z.object({
  platform: z.string(),
  commentId: z.string().nullable(),
  postId: z.string().nullable(),
  postUrl: z.string().nullable(),
  /** The content of the post; `null` until it has been fetched. */
  post: z.object({ text: z.string().nullable(), imageUrl: z.string().nullable() }).nullable(),
  /** A comment can be answered privately once, until `closesAt`; `null` if there is no comment. */
  privateReply: z.object({ isUsed: z.boolean(), closesAt: z.string() }).nullable(),
});
export type CommentContext = z.infer<typeof commentContextSchema>;

/** A conversation in the desk's lists. */
export const conversationRowSchema = z.object({
  session: sessionSchema,
  customer: customerSchema.pick({ id: true, name: true, email: true, verified: true }),
  /** The last message, not counting notes and system messages. */
  lastMessage: messageSchema
    .pick({ id: true, kind: true, sender: true, content: true, createdAt: true })
    .nullable(),
  /** Messages of the customer that no agent has read; at most 99. */
  unread: z.int(),
  /** Its queue item, waiting or assigned. */
  queueItem: queueItemSchema.nullable(),
  case: caseSchema
    .pick({ id: true, priority: true, subject: true, createdAt: true })
    .extend({
      firstReplyAt: z.string().nullable(),
      /** When the first reply of an agent is due; `null`: no deadline. */
      firstReplyDueAt: z.string().nullable(),
    })
    .nullable(),
  /** Since when the customer waits for an agent's reply; `null` if they do not. */
  waitingSince: z.string().nullable(),
  /** `null` if the channel accepts replies at any time. */
  replyWindow: replyWindowSchema.nullable(),
  /** `null` if the customer wrote a direct message. */
  comment: commentContextSchema.nullable(),
  lastActivityAt: z.string(),
});
export type ConversationRow = z.infer<typeof conversationRowSchema>;

/** The lists of the desk: my conversations, the queue, or all active conversations. */
export const conversationViews = ['mine', 'queue', 'all'] as const;
export type ConversationView = (typeof conversationViews)[number];

/** Filters of the desk's list of conversations. */
export const conversationQuery = pageQuery.extend({
  view: z.enum(conversationViews).default('all'),
  appId: z.coerce.number().pipe(idSchema).optional(),
  channel: z.string().min(1).max(64).optional(),
  /** Only conversations whose first reply is overdue. */
  overdue: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
  /** `due`: by the deadline of the first reply, then all others; `time`: in the order of the list. */
  sort: z.enum(['time', 'due']).default('time'),
  /** Part of the customer's name or email address. */
  search: z.string().trim().min(1).max(100).optional(),
});

/** A customer's contact on a channel. */
export const contactIdentitySchema = z.object({ id: idSchema, channel: z.string(), contactId: z.string() });
export type ContactIdentity = z.infer<typeof contactIdentitySchema>;

/** Changes to a customer; `null` removes a value. Attributes are merged into the stored ones. */
export const changeCustomerBody = z.strictObject({
  name: z.string().trim().min(1).max(200).nullable().optional(),
  email: z.email().max(320).nullable().optional(),
  phone: z.string().trim().min(3).max(32).nullable().optional(),
  locale: z.string().min(2).max(35).nullable().optional(),
  attributes: z
    .record(z.string().min(1).max(64), z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]))
    .refine((attributes) => Object.keys(attributes).length <= 50, 'must have at most 50 attributes')
    .optional(),
});
export type ChangeCustomer = z.infer<typeof changeCustomerBody>;

/** The customer to merge into the one of the URL. */
export const mergeCustomerBody = z.strictObject({ otherId: idSchema });

/** A customer in a list. */
export const customerSummarySchema = customerSchema
  .pick({ id: true, appId: true, name: true, email: true, phone: true, verified: true, createdAt: true })
  .extend({ channels: z.array(z.string()) });
export type CustomerSummary = z.infer<typeof customerSummarySchema>;

/** A search for customers of an app. */
export const customerSearchQuery = z.strictObject({
  appId: z.coerce.number().pipe(idSchema),
  /** Part of the name, email address, phone number or contact, or the customer's id. */
  search: z.string().trim().min(1).max(100),
});

/** A customer with everything that the desk shows next to a conversation. */
export const customerOverviewSchema = z.object({
  customer: customerSchema,
  identities: z.array(contactIdentitySchema),
  /** Newest first, at most twenty. */
  sessions: z.array(sessionSchema),
  cases: z.array(caseSchema.omit({ agentType: true })),
  /** Other customers of the app with the same email address or phone number. */
  lookalikes: z.array(customerSummarySchema),
});
export type CustomerOverview = z.infer<typeof customerOverviewSchema>;

/** The overview of the desk: now, and hour by hour over the last day. */
export const overviewSchema = z.object({
  now: z.object({
    waiting: z.int(),
    longestWaitSeconds: z.int(),
    openCases: z.int(),
    activeSessions: z.int(),
    agentsOnline: z.int(),
    /** Over the last day. */
    failedDeliveries: z.int(),
  }),
  hours: z.array(
    z.object({
      /** Start of the hour. */
      hour: z.string(),
      received: z.int(),
      answered: z.int(),
      failed: z.int(),
      /** Until an agent accepted a conversation; `null` if none was accepted. */
      meanWaitSeconds: z.int().nullable(),
    }),
  ),
  /** Over the last thirty days. */
  csat: z.object({
    answers: z.int(),
    mean: z.number().nullable(),
    scores: z.array(z.object({ score: z.int(), count: z.int() })),
  }),
});
export type Overview = z.infer<typeof overviewSchema>;
