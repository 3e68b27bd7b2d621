import { z } from 'zod';
import { idSchema, messageSchema } from './models.ts';

/** What is looked for: a part of a text or of a name, an address, a phone number, a contact, or a number. */
export const messageSearchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200),
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

/** A message that was found, with who wrote it to whom. */
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

/** Something that came in and never became a message, because a listener could not handle it. */
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

/** What a search has found, newest first. */
export const messageSearchSchema = z.object({
  items: z.array(foundMessageSchema),
  /** What came in and is no message yet. */
  stuck: z.array(stuckInboundSchema),
  /** Texts were looked for in the newest messages alone: in so many; `null`: in all there are. */
  searchedNewest: z.int().nullable(),
});
export type MessageSearch = z.infer<typeof messageSearchSchema>;

/** Something that the account speaks of and that can be looked at; `id` is its number or name. */
export const diagnosisLinkSchema = z.object({
  to: z.enum([
    'event',
    'dead_letters',
    'listeners',
    'deliveries',
    'channels',
    'webhook-events',
    'conversation',
    'message',
    'app',
    'agents',
  ]),
  label: z.string(),
  id: z.string().nullable(),
});
export type DiagnosisLink = z.infer<typeof diagnosisLinkSchema>;

/** Whether something is as it should be, not yet, or wrong; `plain` is neither. */
export const diagnosisToneSchema = z.enum(['good', 'waiting', 'bad', 'plain']);
export type DiagnosisTone = z.infer<typeof diagnosisToneSchema>;

/** One thing that happened to a message, oldest first. */
export const diagnosisStepSchema = z.object({
  /** `null`: it has not happened yet. */
  at: z.string().nullable(),
  what: z.enum([
    'arrived',
    'received',
    'event',
    'listener',
    'bot',
    'queue',
    'assigned',
    'reply',
    'delivery',
    'case',
    'survey',
    'session',
  ]),
  tone: diagnosisToneSchema,
  title: z.string(),
  detail: z.string().nullable(),
  link: diagnosisLinkSchema.nullable(),
});
export type DiagnosisStep = z.infer<typeof diagnosisStepSchema>;

/** Every answer to “why was it not answered?”, and those where it was. */
export const verdictCodeSchema = z.enum([
  'answered',
  'answered_by_bot',
  'survey_answered',
  'automatic_mail',
  'event_missing',
  'listener_dead',
  'listener_discarded',
  'listener_retrying',
  'listener_blocked',
  'listener_paused',
  'not_yet_handled',
  'app_disabled',
  'bot_waiting',
  'bot_failed',
  'bot_silent',
  'queue_closed',
  'queue_nobody_online',
  'queue_no_skill',
  'queue_no_capacity',
  'queue_not_taken',
  'agent_silent',
  'closed_unanswered',
  'session_closed',
  'reply_window_closed',
  'delivery_failed',
  'delivery_waiting',
  'channel_down',
  'channel_off',
  'delivered',
  'withheld',
  'note',
]);
export type VerdictCode = z.infer<typeof verdictCodeSchema>;

/** What became of a message in a sentence, and what to do. */
export const verdictSchema = z.object({
  code: verdictCodeSchema,
  tone: diagnosisToneSchema,
  sentence: z.string(),
  /** `null`: there is nothing to do. */
  advice: z.string().nullable(),
  links: z.array(diagnosisLinkSchema),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** One message's whole way, for people who do not program. */
export const diagnosisSchema = z.object({
  message: foundMessageSchema,
  verdict: verdictSchema,
  steps: z.array(diagnosisStepSchema),
});
export type Diagnosis = z.infer<typeof diagnosisSchema>;
