import { type Attachment, type ChannelCapabilities, type Choice, shortenText } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { replyWindowHours } from '../meta/reply-window.ts';
import { splitText } from '../split-text.ts';
import { writeChoice } from './choices.ts';
import { whatsappSettingsSchema } from './whatsapp-settings.ts';

/** The capabilities of WhatsApp. */
export const whatsappCapabilities: ChannelCapabilities = {
  textLength: 4096,
  quickReplies: 10,
  buttons: 10,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours,
};

const hourMs = 3_600_000;
/** The maximum length of the text above choices. */
const bodyLength = 1024;
/** Up to this many choices are buttons; more become a list. */
const maxButtons = 3;
const maxRows = 10;

type Body = Readonly<Record<string, unknown>>;

/**
 * The requests that send a message: attachments first, then the text, with choices under its last piece.
 *
 * @throws ChannelError if WhatsApp's rules or the content do not allow it.
 */
export function composeWhatsapp(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = whatsappSettingsSchema.parse(given);
  if (settings.accessToken === undefined)
    throw undeliverable('The channel has no access token. Enter one in the channel’s settings.');
  if (message.comment) throw undeliverable('WhatsApp does not support comments.');
  const { silentMs, contactId: to } = message;
  if (silentMs === null || silentMs >= replyWindowHours * hourMs) {
    throw undeliverable(
      'The 24-hour reply window has closed: WhatsApp accepts only templates until the customer writes again.',
    );
  }
  const bodies = bodiesOf(message);
  if (bodies.length === 0) throw undeliverable('The message has no content that WhatsApp can display.');
  return bodies.map((body) => ({
    body: {
      path: `${settings.phoneNumberId}/messages`,
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to,
      ...body,
    },
    isRepeatable: true,
  }));
}

function bodiesOf({ content }: OutboundMessage): Body[] {
  const { text = '', attachments = [], buttons = [], quickReplies = [] } = content;
  const links = buttons.flatMap((button) => ('url' in button ? [`${button.title}: ${button.url}`] : []));
  const rows = [
    ...buttons.flatMap((button) => ('url' in button ? [] : [toRow(button, writeChoice(button, 'button'))])),
    ...quickReplies.map((choice) => toRow(choice, writeChoice(choice, 'quick-reply'))),
  ];
  const whole = [text.trim(), ...links].filter(Boolean).join('\n');
  const files = attachments.map(toFile);
  if (rows.length === 0) return [...files, ...splitText(whole, whatsappCapabilities.textLength).map(toText)];
  const pieces = splitText(whole || '…', bodyLength);
  const groups = Array.from({ length: Math.ceil(rows.length / maxRows) }, (_, at) =>
    rows.slice(at * maxRows, (at + 1) * maxRows),
  );
  return [
    ...files,
    ...pieces.slice(0, -1).map(toText),
    ...groups.map((group, at) => toChoices(at === 0 ? (pieces.at(-1) ?? '…') : '…', group)),
  ];
}

interface Row {
  readonly id: string;
  readonly title: string;
}

function toRow({ title }: Choice, id: string): Row {
  return { id, title };
}

function toText(piece: string): Body {
  return { type: 'text', text: { body: piece, preview_url: true } };
}

function toFile({ type, url, name }: Attachment): Body {
  if (type === 'file')
    return { type: 'document', document: { link: url, ...(name ? { filename: name } : {}) } };
  return { type, [type]: { link: url } };
}

function toChoices(text: string, rows: readonly Row[]): Body {
  const body = { text };
  if (rows.length <= maxButtons) {
    const buttons = rows.map(({ id, title }) => ({
      type: 'reply',
      reply: { id, title: shortenText(title, 20) },
    }));
    return { type: 'interactive', interactive: { type: 'button', body, action: { buttons } } };
  }
  const sections = [{ rows: rows.map(({ id, title }) => ({ id, title: shortenText(title, 24) })) }];
  return { type: 'interactive', interactive: { type: 'list', body, action: { button: '☰', sections } } };
}
