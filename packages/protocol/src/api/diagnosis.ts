import { z } from 'zod';
import { idSchema, messageSchema } from './models.ts';

/** `q` is part of a text, name, email address, phone number or contact, or the id of a message. */
export const messageSearchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200),
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

/** A message in the search results. */
export const foundMessageSchema = z.object({
  id: idSchema,
  appId: idSchema,
  appName: z.string(),
  sessionId: idSchema,
  channel: z.string(),
  channelKind: z.string(),
  customer: z.object({ id: idSchema, name: z.string().nullable() }),
  kind: messageSchema.shape.kind,
  isReply: z.boolean(),
  sender: messageSchema.shape.sender,
  text: z.string().nullable(),
  deliveryStatus: messageSchema.shape.deliveryStatus,
  createdAt: z.string(),
});
export type FoundMessage = z.infer<typeof foundMessageSchema>;

/** An inbound event that did not become a message, because a listener failed to handle it. */
export const stuckInboundSchema = z.object({
  eventId: z.uuid(),
  type: z.string(),
  listener: z.string(),
  status: z.enum(['waiting', 'dead']),
  error: z.string().nullable(),
  conversationKey: z.string(),
  occurredAt: z.string(),
});
export type StuckInbound = z.infer<typeof stuckInboundSchema>;

/** Search results, newest first. */
export const messageSearchSchema = z.object({
  items: z.array(foundMessageSchema),
  /** Inbound events that did not become a message yet. */
  stuck: z.array(stuckInboundSchema),
  /** How many of the newest messages were searched by text; `null`: all of them. */
  searchedNewest: z.int().nullable(),
});
export type MessageSearch = z.infer<typeof messageSearchSchema>;

/** The page of the console that a diagnosis links to; `id` is a number, a UUID, a name or an instant. */
export const diagnosisLinkSchema = z.object({
  to: z.enum([
    'event',
    'earlier_event',
    'archive',
    'dead_letters',
    'listeners',
    'deliveries',
    'channels',
    'webhook_events',
    'conversation',
    'message',
    'app',
    'bot',
    'routing_rules',
    'agents',
  ]),
  id: z.string().nullable(),
});
export type DiagnosisLink = z.infer<typeof diagnosisLinkSchema>;

/** Whether something succeeded, is in progress, or failed; `plain` is neither. */
export const diagnosisToneSchema = z.enum(['good', 'waiting', 'bad', 'plain']);
export type DiagnosisTone = z.infer<typeof diagnosisToneSchema>;

/** Who wrote a reply. */
export const diagnosisAuthorSchema = z.object({
  type: messageSchema.shape.sender.shape.type,
  name: z.string().nullable(),
});
export type DiagnosisAuthor = z.infer<typeof diagnosisAuthorSchema>;

const seconds = z.number().min(0);
const names = z.array(z.string());
const error = z.string().nullable();

/** A waiting conversation's place in its queue. */
const waitingSchema = z.object({
  queue: z.string(),
  seconds,
  /** From 1. */
  position: z.int().nullable(),
});

/** Why no agent has a waiting conversation. */
export const queueReasonSchema = z.discriminatedUnion('code', [
  z.object({
    code: z.literal('queue_closed'),
    app: z.string(),
    /** ISO 8601; `null` if no opening is in sight. */
    opensAt: z.string().nullable(),
    /** The app's time zone, as the IANA names it. */
    timeZone: z.string(),
  }),
  z.object({
    code: z.literal('queue_no_agent_online'),
    app: z.string(),
    hasAgents: z.boolean(),
    /** Agents who are away. */
    away: names,
  }),
  z.object({
    code: z.literal('queue_no_skill'),
    app: z.string(),
    /** Skills that the conversation requires. */
    skills: names,
    /** Agents who are online, none of whom has all the skills. */
    online: names,
    /** Agents who have all the skills. */
    skilled: names,
  }),
  z.object({
    code: z.literal('queue_no_capacity'),
    agents: z.array(z.object({ name: z.string(), assigned: z.int(), capacity: z.int() })),
  }),
  z.object({
    code: z.literal('queue_not_accepted'),
    app: z.string(),
    isManual: z.boolean(),
    /** Agents who could take it. */
    available: names,
  }),
]);
export type QueueReason = z.infer<typeof queueReasonSchema>;

const author = diagnosisAuthorSchema;
const listenerError = z.object({ listener: z.string(), error });
const nothing = z.object({});

const verdict = <const Codes extends readonly string[], Facts extends z.ZodType>(
  codes: Codes,
  facts: Facts,
) =>
  z.object({
    code: z.literal(codes),
    tone: diagnosisToneSchema,
    facts,
    links: z.array(diagnosisLinkSchema),
  });

/** Why a message was or was not answered, as a code and its facts; the console words them. */
export const verdictSchema = z.discriminatedUnion('code', [
  verdict(['answered'], z.object({ agent: z.string().nullable(), seconds })),
  verdict(
    ['answered_by_bot'],
    z.object({ bot: z.enum(['builtin', 'http', 'none']), app: z.string(), channel: z.string() }),
  ),
  verdict(['survey_answered'], z.object({ score: z.int() })),
  verdict(['automatic_email'], nothing),
  verdict(['event_missing'], nothing),
  verdict(['listener_dead'], listenerError),
  verdict(
    ['listener_discarded'],
    listenerError.extend({
      discardedBy: z.string().nullable(),
      /** Since it was discarded. */
      seconds: seconds.nullable(),
    }),
  ),
  verdict(['listener_retrying'], listenerError),
  verdict(['listener_blocked'], z.object({ listener: z.string() })),
  verdict(['listener_paused'], z.object({ listener: z.string(), reason: error })),
  verdict(
    ['not_yet_handled'],
    z.object({
      listener: z.string(),
      seconds: seconds.nullable(),
      /** How many events it is behind; `null` while it catches up with those of an app for which it was paused. */
      lag: z.int().nullable(),
    }),
  ),
  verdict(['app_disabled'], z.object({ app: z.string() })),
  verdict(['bot_waiting'], z.object({ app: z.string() })),
  verdict(['bot_silent'], nothing),
  /** `byBot`: the bot handed the conversation over; `failedBot`: the app whose bot failed to answer. */
  verdict(
    [
      'queue_closed',
      'queue_no_agent_online',
      'queue_no_skill',
      'queue_no_capacity',
      'queue_not_accepted',
      'bot_failed',
    ],
    z.object({
      waiting: waitingSchema,
      reason: queueReasonSchema,
      byBot: z.boolean(),
      failedBot: z.string().nullable(),
    }),
  ),
  verdict(
    ['agent_silent'],
    z.object({
      agent: z.string().nullable(),
      seconds,
      availability: z.enum(['online', 'away', 'offline']).nullable(),
    }),
  ),
  verdict(
    ['closed_unanswered'],
    z.object({
      closedBy: z.enum(['agent', 'timeout', 'automatic']).nullable(),
      agent: z.string().nullable(),
      disposition: z.string().nullable(),
    }),
  ),
  verdict(['session_closed'], nothing),
  /** `author`: the reply that came too late; `null` if there was none. `hours`: how long the window is open. */
  verdict(
    ['reply_window_closed'],
    z.object({
      author: author.nullable(),
      channel: z.string(),
      hours: z.number().nullable(),
      error,
    }),
  ),
  verdict(['delivery_failed'], z.object({ author, channel: z.string(), error })),
  verdict(
    ['delivery_waiting'],
    z.object({ author, channel: z.string(), seconds, error, isPaused: z.boolean() }),
  ),
  verdict(['channel_down'], z.object({ author, channel: z.string(), error })),
  /** `author`: the reply that waits; `null` if there is none. `app`: the app, where that is disabled. */
  verdict(
    ['channel_off'],
    z.object({ author: author.nullable(), channel: z.string(), app: z.string().nullable() }),
  ),
  verdict(
    ['delivered'],
    z.object({
      author,
      channel: z.string(),
      /** How far it got; `shown`: to the customer's chat, without a provider. */
      state: z.enum(['sent', 'delivered', 'read', 'shown']),
    }),
  ),
  verdict(['withheld'], z.object({ author, error })),
  verdict(['note'], nothing),
]);
export type Verdict = z.infer<typeof verdictSchema>;
/** The code of a verdict. */
export type VerdictCode = Verdict['code'];

const step = <const Codes extends readonly string[], Facts extends z.ZodType>(codes: Codes, facts: Facts) =>
  z.object({
    code: z.literal(codes),
    tone: diagnosisToneSchema,
    /** ISO 8601; `null`: it has not happened yet. */
    at: z.string().nullable(),
    facts,
    link: diagnosisLinkSchema.nullable(),
  });

/** One step in the history of a message, as a code and its facts. */
export const diagnosisStepSchema = z.discriminatedUnion('code', [
  step(['provider_received'], z.object({ provider: z.string() })),
  step(
    ['message_written'],
    z.object({
      author: author.extend({ id: idSchema.nullable() }),
      channel: z.string(),
      isReply: z.boolean(),
      messageId: idSchema,
      sessionId: idSchema,
    }),
  ),
  step(['event_logged'], nothing),
  step(
    ['listener_done'],
    z.object({ listener: z.string(), durationMs: z.number().nullable(), attempt: z.int().nullable() }),
  ),
  step(['listener_skipped', 'listener_pending'], z.object({ listener: z.string() })),
  step(['listener_discarded'], listenerError.extend({ discardedBy: z.string().nullable() })),
  step(['listener_paused'], z.object({ listener: z.string(), reason: error })),
  step(['listener_dead', 'listener_retrying'], listenerError),
  step(['bot_asked', 'bot_answered', 'bot_failed'], z.object({ app: z.string() })),
  step(['handed_over'], z.object({ by: z.enum(['bot', 'rule']), subject: z.string().nullable() })),
  step(['queued'], z.object({ queue: z.string(), priority: z.string(), skills: names })),
  step(['in_queue'], z.object({ waiting: waitingSchema, reason: queueReasonSchema })),
  step(['assigned'], z.object({ agent: z.string().nullable(), seconds })),
  step(['first_reply_due'], z.object({ isOverdue: z.boolean(), seconds })),
  step(['replied'], z.object({ author, seconds, text: z.string().nullable(), messageId: idSchema })),
  step(['reply_not_sent'], z.object({ author, error })),
  step(
    ['delivery_attempt'],
    z.object({
      author,
      channel: z.string(),
      outcome: z.enum(['open', 'sent', 'temporary', 'permanent', 'channel_down', 'doubtful']),
      error,
    }),
  ),
  step(['delivery_waiting', 'delivery_failed'], z.object({ author, channel: z.string(), error })),
  step(['delivery_confirmed'], z.object({ state: z.enum(['delivered', 'read']) })),
  step(
    ['case_closed'],
    z.object({
      caseId: idSchema,
      closedBy: z.enum(['agent', 'timeout', 'automatic']).nullable(),
      disposition: z.string().nullable(),
    }),
  ),
  step(['survey_answered'], z.object({ score: z.int() })),
  step(['session_expired'], nothing),
]);
export type DiagnosisStep = z.infer<typeof diagnosisStepSchema>;

/** The diagnosis of a message: why it was or was not answered, and its history, oldest first. */
export const diagnosisSchema = z.object({
  message: foundMessageSchema,
  verdict: verdictSchema,
  steps: z.array(diagnosisStepSchema),
});
export type Diagnosis = z.infer<typeof diagnosisSchema>;
