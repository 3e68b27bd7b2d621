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

/** What can be sent to the customers of a channel. */
export const channelCapabilitiesSchema = z.object({
  /** Characters of a text; a longer one becomes several messages. */
  textLength: z.int(),
  /** Kinds of files; none: they go as addresses in the text, or not at all. */
  attachments: z.array(z.enum(['image', 'audio', 'video', 'file'])),
  quickReplies: z.int(),
  buttons: z.int(),
  /** Hours after the customer's last message in which we may write; `null`: always. */
  replyWindowHours: z.number().nullable(),
});
export type ChannelCapabilities = z.infer<typeof channelCapabilitiesSchema>;

/** An app as those see it who work for it: where it can be heard, and its channels. */
export const staffAppSchema = z.object({
  id: idSchema,
  name: z.string(),
  /** Its public key: what clients connect with. */
  key: z.string(),
  channels: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      enabled: z.boolean(),
      /** `null` where nothing can be sent. */
      capabilities: channelCapabilitiesSchema.nullable(),
      /** Why nothing gets through at the moment, so that replies wait; `null` where all is well. */
      downReason: z.string().nullable(),
    }),
  ),
  /** No file of a message is larger. */
  fileBytes: z.int(),
  /** The queues that are known: the one that conversations go to by themselves comes first. */
  queues: z.array(z.string()),
  dispositions: z.array(dispositionSchema),
});
export type StaffApp = z.infer<typeof staffAppSchema>;

/** What a colleague needs to know of an agent. */
export const colleagueSchema = agentSchema.pick({
  id: true,
  name: true,
  role: true,
  skills: true,
  availability: true,
  appIds: true,
});
export type Colleague = z.infer<typeof colleagueSchema>;

/** Until when a channel takes replies in a conversation; in the past: it is over until the customer writes again. */
export const replyWindowSchema = z.object({
  /** Until when it takes what the bot and the system write. */
  closesAt: z.string(),
  /** Until when it takes what a person writes: later, where the provider has granted that. */
  closesForAgentsAt: z.string(),
});
export type ReplyWindow = z.infer<typeof replyWindowSchema>;

/** The comment that is answered in a conversation, and the post that it stands under. */
export const commentContextSchema = z.object({
  platform: z.string(),
  commentId: z.string().nullable(),
  postId: z.string().nullable(),
  postUrl: z.string().nullable(),
  /** What the post says and shows; `null` until the provider has told. */
  post: z.object({ text: z.string().nullable(), imageUrl: z.string().nullable() }).nullable(),
  /** A comment is answered privately once, and not after `closesAt`; `null` where there is none to answer. */
  privateReply: z.object({ isUsed: z.boolean(), closesAt: z.string() }).nullable(),
});
export type CommentContext = z.infer<typeof commentContextSchema>;

/** A conversation in the desk's lists. */
export const conversationRowSchema = z.object({
  session: sessionSchema,
  customer: customerSchema.pick({ id: true, name: true, email: true, verified: true }),
  /** What was said last; notes and what the system says do not count. */
  lastMessage: messageSchema
    .pick({ id: true, kind: true, sender: true, content: true, createdAt: true })
    .nullable(),
  /** The customer's messages that no agent has read; at most 99. */
  unread: z.int(),
  /** Where it waits or is served. */
  queueItem: queueItemSchema.nullable(),
  case: caseSchema
    .pick({ id: true, priority: true, subject: true, createdAt: true })
    .extend({
      firstReplyAt: z.string().nullable(),
      /** Until when the app wants the customer to have had a first answer of an agent; `null`: no matter when. */
      firstReplyDueAt: z.string().nullable(),
    })
    .nullable(),
  /** Since when the customer waits for an answer of a person; `null` where they do not. */
  waitingSince: z.string().nullable(),
  /** `null` where the channel takes replies at any time. */
  replyWindow: replyWindowSchema.nullable(),
  /** `null` where the customer writes to us and not in public. */
  comment: commentContextSchema.nullable(),
  lastActivityAt: z.string(),
});
export type ConversationRow = z.infer<typeof conversationRowSchema>;

/** Which list: what I serve, what waits for anybody, or everything that goes on. */
export const conversationViews = ['mine', 'queue', 'all'] as const;
export type ConversationView = (typeof conversationViews)[number];

export const conversationQuery = pageQuery.extend({
  view: z.enum(conversationViews).default('all'),
  appId: z.coerce.number().pipe(idSchema).optional(),
  channel: z.string().min(1).max(64).optional(),
  /** Those alone whose first answer is late. */
  overdue: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
  /** `due`: those first whose first answer is due next, and then all others. Otherwise by time, as the list has it. */
  sort: z.enum(['time', 'due']).default('time'),
  /** A part of the customer's name or address. */
  search: z.string().trim().min(1).max(100).optional(),
});

/** A customer's contact on a channel. */
export const contactIdentitySchema = z.object({ id: idSchema, channel: z.string(), contactId: z.string() });
export type ContactIdentity = z.infer<typeof contactIdentitySchema>;

/** What an agent changes of a customer; `null` takes a fact away. Attributes are laid over those that are there. */
export const changeCustomerBody = z.strictObject({
  name: z.string().trim().min(1).max(200).nullable().optional(),
  email: z.email().max(320).nullable().optional(),
  phone: z.string().trim().min(3).max(32).nullable().optional(),
  locale: z.string().min(2).max(35).nullable().optional(),
  attributes: z
    .record(z.string().min(1).max(64), z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]))
    .refine((attributes) => Object.keys(attributes).length <= 50, 'at most 50 attributes')
    .optional(),
});
export type ChangeCustomer = z.infer<typeof changeCustomerBody>;

/** Who turned out to be the customer of the address: everything of theirs becomes that customer's. */
export const mergeCustomerBody = z.strictObject({ otherId: idSchema });

/** A customer to choose from. */
export const customerSummarySchema = customerSchema
  .pick({ id: true, appId: true, name: true, email: true, phone: true, verified: true, createdAt: true })
  .extend({ channels: z.array(z.string()) });
export type CustomerSummary = z.infer<typeof customerSummarySchema>;

export const customerSearchQuery = z.strictObject({
  appId: z.coerce.number().pipe(idSchema),
  /** A part of the name, the mail address, the phone number or the contact on a channel; or the customer's number. */
  search: z.string().trim().min(1).max(100),
});

/** A customer with all that an agent may want to see beside a conversation. */
export const customerOverviewSchema = z.object({
  customer: customerSchema,
  identities: z.array(contactIdentitySchema),
  /** Newest first, at most twenty. */
  sessions: z.array(sessionSchema),
  cases: z.array(caseSchema.omit({ agentType: true })),
  /** Others of the app with the same mail address or phone number. */
  lookalikes: z.array(customerSummarySchema),
});
export type CustomerOverview = z.infer<typeof customerOverviewSchema>;

/** How the desk is doing: now, and hour by hour over the last day. */
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
      /** When it began. */
      hour: z.string(),
      received: z.int(),
      answered: z.int(),
      failed: z.int(),
      /** Until an agent took a conversation; `null` where none was taken. */
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
