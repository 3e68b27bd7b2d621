import { type ChannelCapabilities, cutText, shortenText } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { assertPrivateReply, messagingType, replyWindowHours } from '../meta/reply-window.ts';
import { splitText } from '../split-text.ts';
import { instagramSettingsSchema } from './instagram-settings.ts';

/** The capabilities of Instagram. */
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
 * The requests that send a message: attachments first, then the text. Choices become quick replies under it, and the
 * URLs of buttons become part of the text.
 *
 * @throws ChannelError if Instagram's rules or the content do not allow it.
 */
export function composeInstagram(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = instagramSettingsSchema.parse(given);
  if (settings.accessToken === undefined)
    throw undeliverable('The channel has no access token. Enter one in the channel’s settings.');
  const { comment } = message;
  if (comment?.visibility === 'public') return composeComment(message, comment.id);
  if (comment) assertPrivateReply(message);
  const recipient = comment ? { comment_id: comment.id } : { id: message.contactId };
  const type = comment ? {} : messagingType('Instagram', message, settings.humanAgentTag);
  const bodies = bodiesOf(message);
  if (bodies.length === 0) throw undeliverable('The message has no content that Instagram can display.');
  if (comment && bodies.length > 1)
    throw undeliverable('A private reply to a comment must fit into a single message.');
  return bodies.map((body) => ({
    body: { path: `${settings.accountId}/messages`, recipient, ...type, message: body },
    // Instagram's echoes carry no reference, so a repeated message would arrive twice.
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
    title: shortenText(title, titleLength),
    payload,
  }));
  return [...bodies.slice(0, -1), { ...last, quick_replies: replies }];
}

/** A public reply is one comment of the account. It must not be posted twice. */
function composeComment({ content }: OutboundMessage, commentId: string): readonly OutboundPart[] {
  const text = (content.text ?? '').trim();
  if (text === '') throw undeliverable('A reply to a comment on Instagram must have text.');
  const body = { path: `${encodeURIComponent(commentId)}/replies`, message: cutText(text, 2200) };
  return [{ body, isRepeatable: false }];
}
