import {
  type Attachment,
  type Button,
  type ChannelCapabilities,
  type Choice,
  cutText,
  shortenText,
} from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { assertPrivateReply, messagingType, replyWindowHours } from '../meta/reply-window.ts';
import { splitText } from '../split-text.ts';
import { facebookSettingsSchema } from './facebook-settings.ts';

/** The capabilities of Messenger. */
export const facebookCapabilities: ChannelCapabilities = {
  textLength: 2000,
  quickReplies: 13,
  buttons: 3,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours,
};

/** The maximum length of the text above buttons, and of a title. */
const templateTextLength = 640;
const titleLength = 20;

type Body = Readonly<Record<string, unknown>>;

/**
 * The requests that send a message: attachments first, then the text, with choices under its last piece.
 *
 * @throws ChannelError if Facebook's rules or the content do not allow it.
 */
export function composeMessage(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = facebookSettingsSchema.parse(given);
  if (settings.pageToken === undefined)
    throw undeliverable('The channel has no page access token. Enter one in the channel’s settings.');
  const { comment } = message;
  if (comment?.visibility === 'public') return composeComment(message, comment.id);
  if (comment) assertPrivateReply(message);
  const recipient = comment ? { comment_id: comment.id } : { id: message.contactId };
  const type = comment
    ? { messaging_type: 'RESPONSE' }
    : messagingType('Facebook', message, settings.humanAgentTag);
  const bodies = messagesOf(message);
  if (bodies.length === 0) throw undeliverable('The message has no content that Messenger can display.');
  // Facebook allows one private reply per comment, so a longer one cannot be sent at all.
  if (comment && bodies.length > 1)
    throw undeliverable('A private reply to a comment must fit into a single message.');
  return bodies.map((body) => ({
    body: { path: `${settings.pageId}/messages`, recipient, ...type, message: body },
    isRepeatable: true,
  }));
}

function messagesOf({ content }: OutboundMessage): Body[] {
  const { text = '', attachments = [], buttons = [], quickReplies = [] } = content;
  const bodies: Body[] = attachments.map((attachment) => ({ attachment: toAttachment(attachment) }));
  bodies.push(...(buttons.length > 0 ? withButtons(text, buttons) : textsOf(text)));
  const last = bodies.at(-1);
  if (quickReplies.length === 0 || !last) return bodies;
  return [...bodies.slice(0, -1), { ...last, quick_replies: quickReplies.slice(0, 13).map(toQuickReply) }];
}

function textsOf(text: string): Body[] {
  return splitText(text, facebookCapabilities.textLength).map((piece) => ({ text: piece }));
}

/** A text with buttons is shorter and has at most three: the beginning of a longer text is sent before it. */
function withButtons(text: string, buttons: readonly Button[]): Body[] {
  const pieces =
    text.length > templateTextLength ? splitText(text, templateTextLength) : [text.trim() || '…'];
  const first = pieces.slice(0, -1).map((piece): Body => ({ text: piece }));
  const groups = Array.from({ length: Math.ceil(buttons.length / 3) }, (_, at) =>
    buttons.slice(at * 3, at * 3 + 3),
  );
  const templates = groups.map((group, at): Body => {
    const payload = {
      template_type: 'button',
      text: at === 0 ? (pieces.at(-1) ?? '…') : '…',
      buttons: group.map(toButton),
    };
    return { attachment: { type: 'template', payload } };
  });
  return [...first, ...templates];
}

function toAttachment({ type, url }: Attachment): Body {
  return { type, payload: { url, is_reusable: false } };
}

function toQuickReply({ title, payload }: Choice): Body {
  return { content_type: 'text', title: shortenText(title, titleLength), payload };
}

function toButton(button: Button): Body {
  const title = shortenText(button.title, titleLength);
  return 'url' in button
    ? { type: 'web_url', url: button.url, title }
    : { type: 'postback', payload: button.payload, title };
}

/** A public reply is one comment of the page, with a text and at most one image. It must not be posted twice. */
function composeComment({ content }: OutboundMessage, commentId: string): readonly OutboundPart[] {
  const { text = '', attachments = [] } = content;
  const image = attachments.find(({ type }) => type === 'image');
  if (text.trim() === '' && !image) throw undeliverable('A comment must have text or an image.');
  const body = {
    path: `${encodeURIComponent(commentId)}/comments`,
    ...(text.trim() === '' ? {} : { message: cutText(text.trim(), 8000) }),
    ...(image ? { attachment_url: image.url } : {}),
  };
  return [{ body, isRepeatable: false }];
}
