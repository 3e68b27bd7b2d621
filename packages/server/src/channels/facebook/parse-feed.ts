import { attachmentSchema } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';
import { commenterId } from '../meta/commenter.ts';
import { graphId, toContainer, toInstant } from '../meta/to-container.ts';

/** A comment under a page's post: added, edited, hidden or removed. */
export const commentSchema = z.object({
  field: z.literal('feed'),
  value: z.object({
    item: z.literal('comment'),
    verb: z.string().max(20),
    from: z.object({ id: graphId, name: z.string().max(200).optional().catch(undefined) }).optional(),
    post_id: z.string().max(200),
    parent_id: z.string().max(200).optional().catch(undefined),
    comment_id: z.string().min(1).max(150),
    created_time: z.number(),
    message: z.string().max(10_000).optional(),
    photo: z.string().optional().catch(undefined),
    post: z
      .object({ permalink_url: z.url().max(2048) })
      .optional()
      .catch(undefined),
  }),
});

const changeSchema = z.object({
  field: z.string().max(50),
  value: z.object({ item: z.string().max(30) }).optional(),
});

/** Interprets a change in the page's feed; `undefined` for another kind of event. */
export function parseFeed(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent | undefined {
  const comment = commentSchema.safeParse(payload);
  if (comment.success) return parseComment(comment.data.value, payload.accountId, source);
  const change = changeSchema.safeParse(payload);
  if (!change.success) return undefined;
  const { field, value } = change.data;
  return { outcome: 'ignored', reason: `a change of type ${value?.item ?? field}` };
}

function parseComment(
  comment: z.output<typeof commentSchema>['value'],
  pageId: unknown,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  const { verb, from, comment_id: externalId, message: text } = comment;
  if (!from) return { outcome: 'ignored', reason: 'a comment without an author' };
  if (from.id === pageId && verb !== 'add')
    return { outcome: 'ignored', reason: `a comment by the page: ${verb}` };
  if (from.id === pageId) {
    return {
      outcome: 'own-comment',
      externalId,
      parentId: comment.parent_id ?? null,
      postId: comment.post_id,
      text: text ?? '',
      writtenAt: toInstant(comment.created_time * 1000),
    };
  }
  if (verb === 'remove') return { outcome: 'changed', externalId, text: null };
  if (verb === 'edited') return { outcome: 'changed', externalId, text: text ?? '' };
  if (verb !== 'add') return { outcome: 'ignored', reason: `a comment: ${verb}` };
  const photo = attachmentSchema.safeParse({ type: 'image', url: comment.photo });
  if (!text && !photo.success) return { outcome: 'ignored', reason: 'a comment without text or an image' };
  return toContainer(
    source,
    { contactId: commenterId(from.id), externalId, sentAtMs: comment.created_time * 1000 },
    {
      kind: photo.success ? 'attachment' : 'text',
      content: { ...(text ? { text } : {}), ...(photo.success ? { attachments: [photo.data] } : {}) },
      profile: from.name === undefined ? {} : { name: from.name },
      social: {
        platform: 'facebook',
        postId: comment.post_id,
        commentId: externalId,
        ...(comment.post ? { postUrl: comment.post.permalink_url } : {}),
      },
    },
  );
}
