import { createHash } from 'node:crypto';
import {
  attachmentSchema,
  conversationKey,
  type MessageContainer,
  type MessageContent,
  type MessageKind,
} from '@mevrik/protocol';
import { z } from 'zod';
import type { ChannelPlace, ParsedUpdate, WebhookUpdate } from '../channel.ts';

const idSchema = z.union([z.string().min(1).max(200), z.number()]).transform(String);

const envelopeSchema = z.object({
  object: z.literal('page'),
  entry: z.array(z.unknown()).max(1000),
});

const entrySchema = z.object({
  id: idSchema,
  messaging: z.array(z.record(z.string(), z.unknown())).default([]),
  changes: z.array(z.record(z.string(), z.unknown())).default([]),
});

const messagingSchema = z.object({
  sender: z.object({ id: idSchema }),
  timestamp: z.number(),
  message: z
    .object({
      mid: z.string().max(300),
      text: z.string().max(10_000).optional(),
      is_echo: z.boolean().optional(),
      quick_reply: z.object({ payload: z.string().min(1).max(1000) }).optional(),
      attachments: z
        .array(z.object({ type: z.string(), payload: z.object({ url: z.string() }).partial().optional() }))
        .optional(),
    })
    .optional(),
  postback: z
    .object({
      mid: z.string().max(300).optional(),
      title: z.string().max(200),
      payload: z.string().max(1000),
    })
    .partial({ title: true })
    .optional(),
});

const commentSchema = z.object({
  field: z.literal('feed'),
  value: z.object({
    item: z.literal('comment'),
    verb: z.literal('add'),
    from: z.object({ id: idSchema, name: z.string().max(200).optional() }),
    post_id: z.string().max(200),
    comment_id: z.string().max(200),
    created_time: z.number(),
    message: z.string().min(1).max(10_000),
  }),
});

/** Takes a verified body apart into its updates; several pages may come in one. */
export function splitWebhook(body: unknown): readonly WebhookUpdate[] {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) return [];
  return envelope.data.entry.flatMap((raw) => {
    const entry = entrySchema.safeParse(raw);
    if (!entry.success) return [];
    const { id: pageId, messaging, changes } = entry.data;
    return [...messaging, ...changes].map((update) => ({
      ...identify(update, pageId),
      payload: { pageId, ...update },
    }));
  });
}

/** Who it is from and what repeats of it are known by; what has no number of its own is known by its content. */
function identify(update: Record<string, unknown>, pageId: string) {
  const message = messagingSchema.safeParse(update);
  if (message.success) {
    const mid = message.data.message?.mid ?? message.data.postback?.mid;
    return { contactId: message.data.sender.id, deduplicationKey: mid ?? fingerprint(update) };
  }
  const comment = commentSchema.safeParse(update);
  if (comment.success) {
    const { from, comment_id, verb, created_time } = comment.data.value;
    return { contactId: from.id, deduplicationKey: `${comment_id} ${verb} ${created_time}` };
  }
  return { contactId: `page ${pageId}`, deduplicationKey: fingerprint(update) };
}

function fingerprint(update: Record<string, unknown>): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(update)).digest('hex')}`;
}

/** What one update means: a message or a comment of a customer, or nothing that we act on yet. */
export function parseUpdate(payload: Readonly<Record<string, unknown>>, place: ChannelPlace): ParsedUpdate {
  const messaging = messagingSchema.safeParse(payload);
  if (messaging.success) return parseMessaging(messaging.data, place);
  const comment = commentSchema.safeParse(payload);
  if (comment.success) return parseComment(comment.data.value, payload.pageId, place);
  return { outcome: 'ignored', reason: 'a kind of update that nothing is made of' };
}

function parseMessaging(update: z.output<typeof messagingSchema>, place: ChannelPlace): ParsedUpdate {
  if (update.message?.is_echo) return { outcome: 'ignored', reason: 'our own message come back' };
  const said = update.message ? sayMessage(update.message) : sayPostback(update.postback);
  if (!said) return { outcome: 'ignored', reason: 'neither a message nor a postback' };
  return toContainer(place, update.sender.id, new Date(update.timestamp), said);
}

type Said = Pick<MessageContainer, 'kind' | 'content'> &
  Partial<Pick<MessageContainer, 'profile' | 'social'>>;

function sayMessage(message: NonNullable<z.output<typeof messagingSchema>['message']>): Said | undefined {
  const { text, quick_reply: quickReply } = message;
  if (quickReply) {
    const title = (text ?? quickReply.payload).slice(0, 80);
    return {
      kind: 'quick_reply',
      content: { text: title, quickReply: { title, payload: quickReply.payload } },
    };
  }
  const attachments = (message.attachments ?? []).flatMap(({ type, payload }) => {
    const known = ['image', 'audio', 'video', 'file'].includes(type) ? type : 'file';
    const parsed = attachmentSchema.safeParse({ type: known, url: payload?.url });
    return parsed.success ? [parsed.data] : [];
  });
  const kind: MessageKind = attachments.length > 0 ? 'attachment' : 'text';
  const content: MessageContent = {
    ...(text === undefined ? {} : { text }),
    ...(attachments.length > 0 ? { attachments: attachments.slice(0, 10) } : {}),
  };
  return Object.keys(content).length > 0 ? { kind, content } : undefined;
}

function sayPostback(postback: z.output<typeof messagingSchema>['postback']): Said | undefined {
  if (!postback?.payload) return undefined;
  const title = (postback.title ?? postback.payload).slice(0, 80);
  return { kind: 'postback', content: { text: title, postback: { title, payload: postback.payload } } };
}

function parseComment(
  comment: z.output<typeof commentSchema>['value'],
  pageId: unknown,
  place: ChannelPlace,
): ParsedUpdate {
  if (comment.from.id === pageId) return { outcome: 'ignored', reason: 'the page’s own comment' };
  return toContainer(place, comment.from.id, new Date(comment.created_time * 1000), {
    kind: 'text',
    content: { text: comment.message },
    profile: comment.from.name === undefined ? {} : { name: comment.from.name },
    social: { platform: 'facebook', postId: comment.post_id, commentId: comment.comment_id },
  });
}

function toContainer(place: ChannelPlace, contactId: string, sentAt: Date, said: Said): ParsedUpdate {
  const { appId, channel, deduplicationKey } = place;
  return {
    outcome: 'message',
    container: {
      appId,
      channel,
      contactId,
      conversationKey: conversationKey(appId, channel, contactId),
      externalId: deduplicationKey,
      profile: {},
      sentAt: sentAt.toISOString(),
      ...said,
    },
  };
}
