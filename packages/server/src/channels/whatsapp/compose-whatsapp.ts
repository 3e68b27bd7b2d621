import type { Attachment, ChannelCapabilities, Choice } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { replyWindowHours } from '../meta/reply-window.ts';
import { shorten, splitText } from '../split-text.ts';
import { writeChoice } from './choices.ts';
import { whatsappSettingsSchema } from './whatsapp-settings.ts';

/** What WhatsApp takes. */
export const whatsappCapabilities: ChannelCapabilities = {
  textLength: 4096,
  quickReplies: 10,
  buttons: 10,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours,
};

const hourMs = 3_600_000;
/** Characters of the text above choices. */
const bodyLength = 1024;
/** So many choices are buttons; more are a list. */
const mostButtons = 3;
const mostRows = 10;

type Body = Readonly<Record<string, unknown>>;

/**
 * The requests that bring a message across: files first, then the text, its choices under the last piece.
 *
 * @throws ChannelError where WhatsApp's rules or the content do not allow it.
 */
export function composeWhatsapp(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = whatsappSettingsSchema.parse(given);
  if (settings.accessToken === undefined) throw undeliverable('The channel has no token, so it cannot send.');
  if (message.comment) throw undeliverable('WhatsApp has no comments.');
  const { silentMs, contactId: to } = message;
  if (silentMs === null || silentMs >= replyWindowHours * hourMs) {
    throw undeliverable(
      'The customer has not written for 24 hours: WhatsApp takes only templates until they do.',
    );
  }
  const bodies = bodiesOf(message);
  if (bodies.length === 0) throw undeliverable('The message has nothing that WhatsApp can show.');
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
  const groups = Array.from({ length: Math.ceil(rows.length / mostRows) }, (_, at) =>
    rows.slice(at * mostRows, (at + 1) * mostRows),
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
  if (rows.length <= mostButtons) {
    const buttons = rows.map(({ id, title }) => ({
      type: 'reply',
      reply: { id, title: shorten(title, 20) },
    }));
    return { type: 'interactive', interactive: { type: 'button', body, action: { buttons } } };
  }
  const sections = [{ rows: rows.map(({ id, title }) => ({ id, title: shorten(title, 24) })) }];
  return { type: 'interactive', interactive: { type: 'list', body, action: { button: '☰', sections } } };
}
