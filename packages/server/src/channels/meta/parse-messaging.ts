import { attachmentSchema, cutText, type MessageContent } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';
import { graphId, type ReceivedContent, toContainer, toInstant } from './to-container.ts';

const mid = z.string().min(1).max(250);
const referralSchema = z
  .object({
    ref: z.string().max(1000),
    source: z.string().max(100),
    type: z.string().max(100),
    ad_id: graphId,
  })
  .partial();

/** The types of events in a conversation, with the fields that we use. */
const kinds = {
  message: z.object({
    mid,
    text: z.string().max(10_000).optional(),
    is_echo: z.boolean().optional(),
    is_deleted: z.boolean().optional(),
    is_unsupported: z.boolean().optional(),
    reply_to: z
      .object({ story: z.object({ url: z.string() }).optional() })
      .optional()
      .catch(undefined),
    metadata: z.string().max(1000).optional().catch(undefined),
    quick_reply: z
      .object({ payload: z.string().min(1).max(1000) })
      .optional()
      .catch(undefined),
    attachments: z.array(z.unknown()).optional().catch(undefined),
    referral: referralSchema.optional().catch(undefined),
  }),
  postback: z.object({
    mid: mid.optional().catch(undefined),
    title: z.string().max(1000).optional().catch(undefined),
    payload: z.string().max(1000).optional().catch(undefined),
    referral: referralSchema.optional().catch(undefined),
  }),
  delivery: z.object({ mids: z.array(mid).max(1000).optional().catch(undefined), watermark: z.number() }),
  // Messenger sends a watermark, Instagram the id of the message.
  read: z.union([z.object({ watermark: z.number() }), z.object({ mid })]),
  referral: referralSchema,
  reaction: z.object({
    mid,
    action: z.string().max(20),
    emoji: z.string().max(50).optional().catch(undefined),
    reaction: z.string().max(50).optional().catch(undefined),
  }),
  optin: z.object({ type: z.string().max(100).optional(), payload: z.string().max(1000).optional() }),
  pass_thread_control: z.object({
    new_owner_app_id: graphId.nullish(),
    previous_owner_app_id: graphId.nullish(),
  }),
  take_thread_control: z.object({ previous_owner_app_id: graphId.nullish() }),
  request_thread_control: z.object({ requested_owner_app_id: graphId.nullish() }),
  policy_enforcement: z.object({ action: z.string().max(50), reason: z.string().max(1000).optional() }),
} as const;

type Kind = keyof typeof kinds;
interface Thread {
  readonly contactId: string;
  readonly timestampMs: number;
  readonly source: WebhookEventSource;
}
type Interpreters = {
  readonly [K in Kind]: (read: z.output<(typeof kinds)[K]>, thread: Thread) => ParsedWebhookEvent;
};

const interpreters: Interpreters = {
  message: (message, thread) => {
    if (message.is_deleted) return { outcome: 'changed', externalId: message.mid, text: null };
    if (message.is_echo) return parseEcho(message.mid, message.metadata);
    if (message.is_unsupported) return { outcome: 'note', text: unsupported, attributes: {} };
    const received = readMessage(message);
    if (!received) return { outcome: 'ignored', reason: 'a message without displayable content' };
    const { contactId, timestampMs: sentAtMs, source } = thread;
    return toContainer(source, { contactId, externalId: message.mid, sentAtMs }, received);
  },
  postback: ({ mid: externalId, title, payload, referral }, { contactId, timestampMs: sentAtMs, source }) => {
    if (!payload) return { outcome: 'ignored', reason: 'a postback without a payload' };
    const postback = { title: cutText(title || payload, 80), payload };
    return toContainer(
      source,
      { contactId, externalId: externalId ?? source.deduplicationKey, sentAtMs },
      {
        kind: 'postback',
        content: { text: postback.title, postback },
        ...(referral?.ref ? { profile: { attributes: { referral: referral.ref } } } : {}),
      },
    );
  },
  delivery: ({ mids = [], watermark }) => ({
    outcome: 'receipt',
    status: 'delivered',
    externalIds: mids,
    until: toInstant(watermark),
  }),
  read: (read) => ({
    outcome: 'receipt',
    status: 'read',
    externalIds: 'mid' in read ? [read.mid] : [],
    until: 'watermark' in read ? toInstant(read.watermark) : null,
  }),
  referral: ({ ref, source: origin, ad_id: ad }) => ({
    outcome: 'note',
    text: `The customer came from ${[origin ?? 'a link', ref && `"${ref}"`, ad && `(ad ${ad})`].filter(Boolean).join(' ')}.`,
    attributes: { ...(ref ? { referral: ref } : {}), ...(ad ? { ad } : {}) },
  }),
  reaction: ({ action, emoji, reaction }) => ({
    outcome: 'note',
    text: reactionText(action, emoji ?? reaction),
    attributes: {},
  }),
  optin: ({ type, payload }) => ({
    outcome: 'note',
    text: `The customer opted in${type ? ` (${type})` : ''}${payload ? `: ${payload}` : ''}.`,
    attributes: {},
  }),
  pass_thread_control: ({ new_owner_app_id: owner }) => ({
    outcome: 'note',
    text: `Facebook passed the conversation to another app${owner ? ` (${owner})` : ''}.`,
    attributes: {},
  }),
  take_thread_control: () => ({
    outcome: 'note',
    text: 'Another app took control of the conversation on Facebook.',
    attributes: {},
  }),
  request_thread_control: ({ requested_owner_app_id: app }) => ({
    outcome: 'note',
    text: `Another app${app ? ` (${app})` : ''} requested control of the conversation on Facebook.`,
    attributes: {},
  }),
  policy_enforcement: ({ action, reason }) => ({
    outcome: 'alert',
    text: cutText(`Facebook policy enforcement: ${action}${reason ? `: ${reason}` : ''}`, 1000),
  }),
};

const unsupported = 'The customer sent content that can only be viewed in their app.';

const threadSchema = z.object({
  sender: z.object({ id: graphId }).optional(),
  timestamp: z.number().catch(Number.NaN),
});

/** Interprets an event of a conversation; `undefined` if it is another kind of event. */
export function parseMessaging(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent | undefined {
  const thread = threadSchema.safeParse(payload);
  if (!thread.success) return undefined;
  if (payload.isStandby === true) {
    return { outcome: 'ignored', reason: 'another app controls the conversation' };
  }
  const kind = (Object.keys(kinds) as Kind[]).find((name) => name in payload);
  if (!kind) return { outcome: 'ignored', reason: 'an unknown type of event' };
  const { sender, timestamp } = thread.data;
  if (!sender && kind !== 'policy_enforcement') {
    return { outcome: 'ignored', reason: `an event without a sender: ${kind}` };
  }
  return interpret(kind, payload[kind], { contactId: sender?.id ?? '', timestampMs: timestamp, source });
}

function interpret<K extends Kind>(kind: K, value: unknown, thread: Thread): ParsedWebhookEvent {
  const parsed = kinds[kind].safeParse(value);
  if (!parsed.success) return { outcome: 'ignored', reason: `a malformed event: ${kind}` };
  return interpreters[kind](parsed.data as z.output<(typeof kinds)[K]>, thread);
}

function parseEcho(externalId: string, reference: string | undefined): ParsedWebhookEvent {
  if (reference === undefined) return { outcome: 'ignored', reason: 'a message that another app sent' };
  return { outcome: 'echo', reference, externalId };
}

function readMessage(message: z.output<typeof kinds.message>): ReceivedContent | undefined {
  const { text, quick_reply: quickReply } = message;
  if (quickReply) {
    const title = cutText(text || quickReply.payload, 80);
    return {
      kind: 'quick_reply',
      content: { text: title, quickReply: { title, payload: quickReply.payload } },
    };
  }
  const story = { type: 'story', payload: { url: message.reply_to?.story?.url, title: 'The story' } };
  const attachments = [...(message.attachments ?? []), story].flatMap(toAttachment).slice(0, 10);
  const content: MessageContent = {
    ...(text ? { text } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
  };
  if (Object.keys(content).length === 0) return undefined;
  return { kind: attachments.length > 0 ? 'attachment' : 'text', content };
}

function reactionText(action: string | undefined, emoji: string | undefined): string {
  if (action === 'unreact') return 'The customer removed a reaction.';
  return emoji === undefined ? 'The customer added a reaction.' : `The customer reacted with ${emoji}.`;
}

const attachmentOfMeta = z.object({
  type: z.string(),
  payload: z.object({ url: z.string(), title: z.string().max(255).optional().catch(undefined) }),
});
/** Our attachment types for Meta's; all others are files. */
const types: Readonly<Record<string, 'image' | 'audio' | 'video'>> = {
  image: 'image',
  sticker: 'image',
  audio: 'audio',
  video: 'video',
  reel: 'video',
  ig_reel: 'video',
};

function toAttachment(given: unknown) {
  const known = attachmentOfMeta.safeParse(given);
  if (!known.success) return [];
  const { type, payload } = known.data;
  const parsed = attachmentSchema.safeParse({
    type: types[type] ?? 'file',
    url: payload.url,
    ...(payload.title === undefined ? {} : { name: payload.title }),
  });
  return parsed.success ? [parsed.data] : [];
}
