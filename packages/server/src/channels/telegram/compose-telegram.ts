import type { Attachment, Button, ChannelCapabilities, Choice } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { splitText } from '../split-text.ts';

/** The capabilities of Telegram. */
export const telegramCapabilities: ChannelCapabilities = {
  textLength: 4096,
  quickReplies: 13,
  buttons: 10,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours: null,
};

/** The maximum size of a button's payload, in bytes. */
const payloadBytes = 64;

type Body = Readonly<Record<string, unknown>>;

const methods = {
  image: { method: 'sendPhoto', field: 'photo' },
  audio: { method: 'sendAudio', field: 'audio' },
  video: { method: 'sendVideo', field: 'video' },
  file: { method: 'sendDocument', field: 'document' },
} as const;

/**
 * The calls that send a message: attachments first, then the text, with choices under its last piece.
 *
 * @throws ChannelError if Telegram cannot display it.
 */
export function composeTelegram({ content, contactId }: OutboundMessage): readonly OutboundPart[] {
  const { text = '', attachments = [], buttons = [], quickReplies = [] } = content;
  const choices = choicesOf(buttons, quickReplies);
  const shown = text.trim() === '' && choices ? '…' : text;
  const calls: Body[] = [
    ...attachments.map(toCall),
    ...splitText(shown, telegramCapabilities.textLength).map((piece) => ({
      method: 'sendMessage',
      text: piece,
    })),
  ];
  const last = calls.at(-1);
  if (!last) throw undeliverable('The message has no content that Telegram can display.');
  const whole = choices ? [...calls.slice(0, -1), { ...last, reply_markup: choices }] : calls;
  // Telegram has no idempotency key: a repeated call sends the message twice.
  return whole.map((call) => ({ body: { chat_id: contactId, ...call }, isRepeatable: false }));
}

function toCall({ type, url }: Attachment): Body {
  const { method, field } = methods[type];
  return { method, [field]: url };
}

function choicesOf(buttons: readonly Button[], quickReplies: readonly Choice[]): Body | undefined {
  if (buttons.length > 0) return { inline_keyboard: buttons.map((button) => [toButton(button)]) };
  if (quickReplies.length === 0) return undefined;
  const keyboard = quickReplies.map(({ title }) => [{ text: title }]);
  return { keyboard, one_time_keyboard: true, resize_keyboard: true };
}

function toButton(button: Button): Body {
  if ('url' in button) return { text: button.title, url: button.url };
  if (Buffer.byteLength(button.payload) > payloadBytes) {
    throw undeliverable(`The payload of the button “${button.title}” has more than ${payloadBytes} bytes.`);
  }
  return { text: button.title, callback_data: button.payload };
}
