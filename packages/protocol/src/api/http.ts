import { z } from 'zod';
import { dispositionFieldsSchema } from './dispositions.ts';
import {
  attachmentInputSchema,
  caseSchema,
  choiceSchema,
  csatAnswerSchema,
  customerSchema,
  idSchema,
  messageContainerSchema,
  messageContentSchema,
  messageKindSchema,
  messageSchema,
  queueItemSchema,
  sessionSchema,
} from './models.ts';

/** The profile that a page provides for its visitor. */
export const profileSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  email: z.email().max(320).optional(),
  phone: z.string().min(3).max(32).optional(),
  locale: z.string().min(2).max(35).optional(),
  attributes: customerSchema.shape.attributes
    .refine((attributes) => Object.keys(attributes).length <= 50, 'must have at most 50 attributes')
    .optional(),
});

/** Starts or resumes a visit. `identity` is signed by the app: HMAC-SHA256 of the external id with its secret, in hex. */
export const startVisitBody = z.strictObject({
  appKey: z.string().min(1).max(64),
  channel: z.string().min(1).max(64).default('web'),
  identity: z
    .strictObject({ externalId: z.string().min(1).max(190), signature: z.string().min(1).max(200) })
    .optional(),
  profile: profileSchema.default({}),
});

/** A refresh token, which is exchanged for new tokens. */
export const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(200) });

/** The access token is sent as `Authorization: Bearer`; the refresh token is exchanged once for new tokens. */
export const tokensSchema = z.object({
  accessToken: z.string(),
  expiresInSeconds: z.int(),
  refreshToken: z.string(),
});

/** A visit: its tokens, customer and session. */
export const visitSchema = tokensSchema.extend({
  customer: customerSchema,
  session: sessionSchema,
  /** Whether the session already existed. */
  resumed: z.boolean(),
});

/** Text that is not blank. */
const writtenText = z.string().max(10_000).regex(/\S/, 'must not be blank');

/** The position of a conversation in its queue, from 1; the estimate is `null` if it cannot be made. */
export const queuePositionSchema = z.object({
  position: z.int().positive(),
  estimateMinutes: z.int().positive().nullable(),
});
export type QueuePosition = z.infer<typeof queuePositionSchema>;

/** Whether the team is available by business hours, and when that changes; `null`: not soon. */
export const teamAvailabilitySchema = z.object({
  isOpen: z.boolean(),
  changesAt: z.string().nullable(),
  /** Whether an agent is online. */
  isStaffed: z.boolean(),
  /** Whether the chat offers the offline form. */
  hasOfflineForm: z.boolean(),
});
export type TeamAvailability = z.infer<typeof teamAvailabilitySchema>;

/** The agent of a conversation, as the customer sees them. */
export const assignedAgentSchema = z.object({
  name: z.string(),
  availability: z.enum(['online', 'away', 'offline']),
});
export type AssignedAgent = z.infer<typeof assignedAgentSchema>;

/** The calling customer; `session` is `null` if none is active: the next message starts one. */
export const meSchema = z.object({
  customer: customerSchema,
  session: sessionSchema.nullable(),
  opening: teamAvailabilitySchema,
  /** `null` if the conversation is not waiting for an agent. */
  queuePosition: queuePositionSchema.nullable(),
  /** The assigned agent; `null` if there is none. */
  agent: assignedAgentSchema.nullable(),
});

/** A visitor's message: text, attachments by reference, or a video call request. */
export const postMessageBody = z
  .strictObject({
    kind: z.enum(['text', 'attachment', 'video_call_request']).optional(),
    text: writtenText.optional(),
    attachments: z.array(attachmentInputSchema).min(1).max(10).optional(),
  })
  .refine((body) => body.kind !== undefined || body.text !== undefined || body.attachments, {
    message: 'needs text or attachments',
    path: ['text'],
  })
  .refine((body) => body.kind !== 'text' || body.text !== undefined, {
    message: 'is required for this kind',
    path: ['text'],
  })
  .refine((body) => body.kind !== 'attachment' || body.attachments, {
    message: 'are required for this kind',
    path: ['attachments'],
  });

/** Which app's team. */
export const teamAvailabilityQuery = z.strictObject({ appKey: z.string().min(1).max(64) });

/** A message left while the team is offline. */
export const offlineMessageBody = z.strictObject({
  name: z.string().trim().min(1).max(200),
  email: z.email().max(320),
  text: writtenText.max(5000),
});

/** Where the message will be answered: by email if the app has an email channel, otherwise in the chat. */
export const storedOfflineMessageSchema = z.object({
  /** The case number for reference; `null` if the case is already closed. */
  caseId: idSchema.nullable(),
  answeredBy: z.enum(['email', 'chat']),
});

/** The name of an uploaded file. */
export const uploadQuery = z.strictObject({
  name: z.string().min(1).max(255).default('file'),
  /** The app that it is for; required for agents. */
  appId: z.coerce.number().pipe(idSchema).optional(),
});

/** The button that a customer pressed. */
export const postbackBody = choiceSchema;
/** The quick reply that a customer chose. */
export const quickReplyBody = choiceSchema;
/** A customer's answer to a survey. */
export const csatAnswerBody = csatAnswerSchema;
/** Whether the writer is typing. */
export const typingBody = z.strictObject({ typing: z.boolean() });
/** The latest message that was read. */
export const readBody = z.strictObject({ messageId: idSchema });

/** The required part of the content, by kind of message. */
const essential = {
  text: 'text',
  attachment: 'attachments',
  postback: 'postback',
  quick_reply: 'quickReply',
  csat_answer: 'csat',
  video_call_request: null,
} as const;

/** A message that an app's back end brings in from an `api` channel. */
export const externalMessageBody = messageContainerSchema
  .pick({ channel: true, contactId: true, externalId: true })
  .extend({
    kind: messageKindSchema.exclude(['note', 'system']),
    content: messageContentSchema.extend({
      attachments: z.array(attachmentInputSchema).min(1).max(10).optional(),
    }),
    profile: messageContainerSchema.shape.profile.default({}),
    sentAt: z.iso.datetime({ offset: true }).optional(),
  })
  .superRefine(({ kind, content }, context) => {
    const part = essential[kind];
    if (part === null || content[part] !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['content', part],
      message: `is required for the kind ${kind}`,
    });
  });

/** A page of a list; `next` is the cursor of the page after it. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** Where a page of a list starts, and its length. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

/** Which queue items. */
export const queueItemQuery = pageQuery.extend({
  status: queueItemSchema.shape.status.optional(),
  queue: queueItemSchema.shape.queue.optional(),
  appId: z.coerce.number().pipe(idSchema).optional(),
});

/** Which sessions; `assigned=me` are the calling agent's. */
export const sessionQuery = pageQuery.extend({
  assigned: z.literal('me').optional(),
  agentType: sessionSchema.shape.agentType.optional(),
  status: sessionSchema.shape.status.optional(),
  appId: z.coerce.number().pipe(idSchema).optional(),
});

/** An agent's email address and password. */
export const loginBody = z.strictObject({
  email: z.string().min(3).max(320),
  password: z.string().min(1).max(200),
});

/** An agent, as they and administrators see them. */
export const agentSchema = z.object({
  id: z.int(),
  email: z.string(),
  name: z.string(),
  role: z.enum(['agent', 'supervisor', 'admin']),
  skills: z.array(z.string()),
  capacity: z.int(),
  availability: z.enum(['online', 'away', 'offline']),
  appIds: z.array(z.int()),
  disabled: z.boolean(),
});
export type Agent = z.infer<typeof agentSchema>;

/** A change of an agent's availability and capacity. */
export const availabilityBody = z.strictObject({
  availability: z.enum(['online', 'away', 'offline']).optional(),
  capacity: z.int().min(1).max(100).optional(),
});

/** An agent's reply: text, attachments by reference, or both, with optional quick replies. */
export const replyBody = z
  .strictObject({
    text: writtenText.optional(),
    attachments: z.array(attachmentInputSchema).min(1).max(10).optional(),
    quickReplies: z.array(choiceSchema).min(1).max(13).optional(),
    /** Reply to a comment as a private message. Ignored elsewhere. */
    privately: z.boolean().optional(),
  })
  .refine((body) => body.text !== undefined || body.attachments, {
    message: 'needs text or attachments',
    path: ['text'],
  });

/** An internal note. */
export const noteBody = z.strictObject({ text: writtenText });

/** Exactly one of an agent, a queue, or the bot. */
export const transferBody = z.strictObject({
  to: z.union([
    z.strictObject({ agentId: idSchema }),
    z.strictObject({
      queue: z.string().min(1).max(64),
      skills: z.array(z.string().min(1).max(64)).max(20).optional(),
    }),
    z.strictObject({ bot: z.literal(true) }),
  ]),
  note: writtenText.optional(),
});

/** The outcome of a case that is closed. */
export const closeCaseBody = z.strictObject({
  disposition: z.string().min(1).max(100),
  /** The values of the disposition's fields, by name. */
  fields: dispositionFieldsSchema.optional(),
  note: writtenText.optional(),
});

/** Tokens of an agent who logged in. */
export const loginResultSchema = tokensSchema.extend({ agent: agentSchema });
/** The customer after a change of their own profile. */
export const ownProfileSchema = z.object({ customer: customerSchema });

/** A queue item that the agent accepted, and its session. */
export const acceptedSchema = z.object({ queueItem: queueItemSchema, session: sessionSchema });
/** A stored message and its session. */
export const storedMessageSchema = z.object({ message: messageSchema, session: sessionSchema });
/** A stored reply or note. */
export const replySchema = z.object({ message: messageSchema });
/** A session after a change. */
export const sessionAnswerSchema = z.object({ session: sessionSchema });
/** A case after a change. */
export const caseResponseSchema = z.object({ case: caseSchema });

/** The body of every error (RFC 9457). `errors` lists the invalid fields. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** The id of the request, to quote in a support request. */
  instance: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** A list that is returned whole. */
export function itemsOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item) });
}

/** The bytes of a file, which are not described further. */
export const binaryResponse = z.unknown().meta({ type: 'string', format: 'binary' });

/** Server-sent events. */
export const eventStreamResponse = z.unknown().meta({ type: 'string', description: 'text/event-stream' });

/** Plain text. */
export const textResponse = z.string();

/** A kind of problem, and whether retrying can help. */
export const problemKindSchema = z.object({
  code: z.string(),
  title: z.string(),
  status: z.int(),
  retryable: z.boolean(),
});
