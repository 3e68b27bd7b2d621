import type { Choice } from '@mevrik/protocol';
import { undeliverable } from '../channel-error.ts';
import type { ReceivedContent } from '../meta/to-container.ts';

/** WhatsApp's longest numbers of choices, the marks below included. */
const idLength = 200;

/**
 * The number under which a choice goes out: WhatsApp has one kind of choice, we have two.
 * @throws ChannelError where what it posts back is too long.
 */
export function writeChoice({ title, payload }: Choice, kind: 'button' | 'quick-reply'): string {
  const id = `${kind === 'button' ? 'b' : 'q'}:${payload}`;
  if (id.length > idLength) {
    throw undeliverable(
      `The payload of “${title}” has more than ${idLength - 2} characters: WhatsApp does not take it.`,
    );
  }
  return id;
}

/** What a chosen number says. One that is not ours is a button of somebody else's. */
export function readChoice({ id, title }: { readonly id: string; readonly title: string }): ReceivedContent {
  const payload = id.replace(/^[bq]:(?=.)/s, '');
  const choice = { title: (title || payload).slice(0, 80), payload };
  return id.startsWith('q:')
    ? { kind: 'quick_reply', content: { text: choice.title, quickReply: choice } }
    : { kind: 'postback', content: { text: choice.title, postback: choice } };
}
