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

/** What a visitor's page may say of the person who visits. */
export const profileSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  email: z.email().max(320).optional(),
  phone: z.string().min(3).max(32).optional(),
  locale: z.string().min(2).max(35).optional(),
  attributes: customerSchema.shape.attributes
    .refine((attributes) => Object.keys(attributes).length <= 50, 'at most 50 attributes')
    .optional(),
});

/** Begins or resumes a visit. `identity` is proven by the app: HMAC-SHA256 of the external id with its secret, in hex. */
export const startVisitBody = z.strictObject({
  appKey: z.string().min(1).max(64),
  channel: z.string().min(1).max(64).default('web'),
  identity: z
    .strictObject({ externalId: z.string().min(1).max(190), signature: z.string().min(1).max(200) })
    .optional(),
  profile: profileSchema.default({}),
});

export const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(200) });

/** Tokens: the access token goes into `Authorization: Bearer`, the refresh token is exchanged once for new ones. */
export const tokensSchema = z.object({
  accessToken: z.string(),
  expiresInSeconds: z.int(),
  refreshToken: z.string(),
});

export const visitSchema = tokensSchema.extend({
  customer: customerSchema,
  session: sessionSchema,
  /** Whether a session was there already. */
  resumed: z.boolean(),
});

/** What a person writes: something that can be seen. */
const writtenText = z.string().max(10_000).regex(/\S/, 'must not be blank');

/** Where in line a conversation stands, from 1; the minutes are `null` where nobody can know. */
export const queuePositionSchema = z.object({
  position: z.int().positive(),
  estimateMinutes: z.int().positive().nullable(),
});
export type QueuePosition = z.infer<typeof queuePositionSchema>;

/** Whether people are there by the app's business hours, and when that changes; `null`: not soon. */
export const teamAvailabilitySchema = z.object({
  isOpen: z.boolean(),
  changesAt: z.string().nullable(),
  /** Whether anybody at the desk is online. */
  isStaffed: z.boolean(),
  /** Whether the chat offers to leave a message instead. */
  hasOfflineForm: z.boolean(),
});
export type TeamAvailability = z.infer<typeof teamAvailabilitySchema>;

/** The agent whom a customer talks to, as the customer sees them. */
export const assignedAgentSchema = z.object({
  name: z.string(),
  availability: z.enum(['online', 'away', 'offline']),
});
export type AssignedAgent = z.infer<typeof assignedAgentSchema>;

/** The customer who asks; `session` is `null` where none is active: the next message begins one. */
export const meSchema = z.object({
  customer: customerSchema,
  session: sessionSchema.nullable(),
  opening: teamAvailabilitySchema,
  /** `null` where the conversation does not wait for a person. */
  queuePosition: queuePositionSchema.nullable(),
  /** Who answers; `null` where no person does. */
  agent: assignedAgentSchema.nullable(),
});

/** A visitor's message: text, files by reference, or the wish for a video call. */
export const postMessageBody = z
  .strictObject({
    kind: z.enum(['text', 'attachment', 'video_call_request']).optional(),
    text: writtenText.optional(),
    attachments: z.array(attachmentInputSchema).min(1).max(10).optional(),
  })
  .refine((body) => body.kind !== undefined || body.text !== undefined || body.attachments, {
    message: 'a message needs a text or attachments',
    path: ['text'],
  })
  .refine((body) => body.kind !== 'text' || body.text !== undefined, {
    message: 'is required for this kind',
    path: ['text'],
  })
  .refine((body) => body.kind !== 'attachment' || body.attachments, {
    message: 'are needed for this kind',
    path: ['attachments'],
  });

/** Which app's opening is asked for. */
export const teamAvailabilityQuery = z.strictObject({ appKey: z.string().min(1).max(64) });

/** What somebody leaves who found nobody there. */
export const offlineMessageBody = z.strictObject({
  name: z.string().trim().min(1).max(200),
  email: z.email().max(320),
  text: writtenText.max(5000),
});

/** Where it went: into a conversation by mail, or, where the app has no such channel, into this one. */
export const storedOfflineMessageSchema = z.object({
  /** The number to refer to; `null` where the case was closed in the meantime. */
  caseId: idSchema.nullable(),
  answeredBy: z.enum(['email', 'chat']),
});

/** What to call an uploaded file. */
export const uploadQuery = z.strictObject({
  name: z.string().min(1).max(255).default('file'),
  /** The app that it is for; agents say it. */
  appId: z.coerce.number().pipe(idSchema).optional(),
});

export const postbackBody = choiceSchema;
export const quickReplyBody = choiceSchema;
export const csatAnswerBody = csatAnswerSchema;
export const typingBody = z.strictObject({ typing: z.boolean() });
export const readBody = z.strictObject({ messageId: idSchema });

/** The part of its content without which a customer's message of a kind says nothing. */
const essential = {
  text: 'text',
  attachment: 'attachments',
  postback: 'postback',
  quick_reply: 'quickReply',
  csat_answer: 'csat',
  video_call_request: null,
} as const;

/** A message that an app's own back end brings in, from a channel of the kind `api`. */
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

/** Where a page of a list begins and how long it is. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

export const loginBody = z.strictObject({
  email: z.string().min(3).max(320),
  password: z.string().min(1).max(200),
});

/** A person at the desk, as they and their administrators see them. */
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

export const availabilityBody = z.strictObject({
  availability: z.enum(['online', 'away', 'offline']).optional(),
  capacity: z.int().min(1).max(100).optional(),
});

/** An agent's reply: a text, files by reference, or both, with choices under it. */
export const replyBody = z
  .strictObject({
    text: writtenText.optional(),
    attachments: z.array(attachmentInputSchema).min(1).max(10).optional(),
    quickReplies: z.array(choiceSchema).min(1).max(13).optional(),
    /** Under a comment: only whoever wrote it reads the answer. Elsewhere it means nothing. */
    privately: z.boolean().optional(),
  })
  .refine((body) => body.text !== undefined || body.attachments, {
    message: 'a reply needs a text or attachments',
    path: ['text'],
  });

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

export const closeCaseBody = z.strictObject({
  disposition: z.string().min(1).max(100),
  /** What the disposition asks for, by the names of its fields. */
  fields: dispositionFieldsSchema.optional(),
  note: writtenText.optional(),
});

export const acceptedSchema = z.object({ queueItem: queueItemSchema, session: sessionSchema });
export const storedMessageSchema = z.object({ message: messageSchema, session: sessionSchema });
export const replySchema = z.object({ message: messageSchema });
export const sessionAnswerSchema = z.object({ session: sessionSchema });
export const caseAnswerSchema = z.object({ case: caseSchema });

/** RFC 9457: what every error looks like. `errors` names the fields at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  /** A number to quote when asking for help. */
  instance: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
