import type { ChannelCapabilities } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { assertPrivateReply, permission, replyWindowHours } from '../meta/reply-window.ts';
import { shorten, splitText } from '../split-text.ts';
import { instagramSettingsSchema } from './instagram-settings.ts';

/** What Instagram takes. */
export const instagramCapabilities: ChannelCapabilities = {
  textLength: 1000,
  quickReplies: 13,
  buttons: 13,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours,
};

const titleLength = 20;

type Body = Readonly<Record<string, unknown>>;

/**
 * The requests that bring a message across: attachments first, then the text; what can be chosen goes under it as
 * quick replies, and addresses into the text.
 *
 * @throws ChannelError where Instagram's rules or the content do not allow it.
 */
export function composeInstagram(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = instagramSettingsSchema.parse(given);
  if (settings.accessToken === undefined) throw undeliverable('The channel has no token, so it cannot send.');
  const { comment } = message;
  if (comment?.visibility === 'public') return composeComment(message, comment.id);
  if (comment) assertPrivateReply(message);
  const recipient = comment ? { comment_id: comment.id } : { id: message.contactId };
  const allowed = comment ? {} : permission('Instagram', message, settings.humanAgentTag);
  const bodies = bodiesOf(message);
  if (bodies.length === 0) throw undeliverable('The message has nothing that Instagram can show.');
  if (comment && bodies.length > 1)
    throw undeliverable('A private answer to a comment is a single message; this is longer.');
  return bodies.map((body) => ({
    body: { path: `${settings.accountId}/messages`, recipient, ...allowed, message: body },
    // Instagram marks no echo as ours: what is sent twice arrives twice.
    isRepeatable: false,
  }));
}

function bodiesOf({ content }: OutboundMessage): Body[] {
  const { text = '', attachments = [], buttons = [], quickReplies = [] } = content;
  const links = buttons.flatMap((button) => ('url' in button ? [`${button.title}: ${button.url}`] : []));
  const choices = [...buttons.flatMap((button) => ('url' in button ? [] : [button])), ...quickReplies];
  const whole = [text.trim(), ...links].filter(Boolean).join('\n') || (choices.length > 0 ? '…' : '');
  const bodies: Body[] = [
    ...attachments.map(({ type, url }) => ({ attachment: { type, payload: { url } } })),
    ...splitText(whole, instagramCapabilities.textLength).map((piece) => ({ text: piece })),
  ];
  const last = bodies.at(-1);
  if (choices.length === 0 || !last) return bodies;
  const replies = choices.slice(0, 13).map(({ title, payload }) => ({
    content_type: 'text',
    title: shorten(title, titleLength),
    payload,
  }));
  return [...bodies.slice(0, -1), { ...last, quick_replies: replies }];
}

/** A public answer is one comment of the account. It must not be posted twice. */
function composeComment({ content }: OutboundMessage, commentId: string): readonly OutboundPart[] {
  const text = (content.text ?? '').trim();
  if (text === '') throw undeliverable('An answer to a comment on Instagram needs a text.');
  const body = { path: `${encodeURIComponent(commentId)}/replies`, message: text.slice(0, 2200) };
  return [{ body, isRepeatable: false }];
}
