import { type Choice, cutText } from '@mevrik/protocol';
import { undeliverable } from '../channel-error.ts';
import type { ReceivedContent } from '../meta/to-container.ts';

/** The maximum length of a choice's id at WhatsApp, including the prefixes below. */
const idLength = 200;

/**
 * The id with which a choice is sent. WhatsApp has one type of choice and we have two, so a prefix tells them apart.
 *
 * @throws ChannelError if the payload is too long.
 */
export function writeChoice({ title, payload }: Choice, kind: 'button' | 'quick-reply'): string {
  const id = `${kind === 'button' ? 'b' : 'q'}:${payload}`;
  if (id.length > idLength) {
    throw undeliverable(
      `The payload of “${title}” has more than ${idLength - 2} characters, which WhatsApp does not accept.`,
    );
  }
  return id;
}

/** The message that choosing an id means. An id without our prefix belongs to a button that another system sent. */
export function readChoice({ id, title }: { readonly id: string; readonly title: string }): ReceivedContent {
  const payload = id.replace(/^[bq]:(?=.)/s, '');
  const choice = { title: cutText(title || payload, 80), payload };
  return id.startsWith('q:')
    ? { kind: 'quick_reply', content: { text: choice.title, quickReply: choice } }
    : { kind: 'postback', content: { text: choice.title, postback: choice } };
}
