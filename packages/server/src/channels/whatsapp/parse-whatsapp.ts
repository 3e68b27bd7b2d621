import type { Attachment, MessageContent } from '@mevrik/protocol';
import { z } from 'zod';
import { normalisePhoneNumber } from '../../domain/contact/phone-number.ts';
import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';
import { type ReceivedContent, toContainer } from '../meta/to-container.ts';
import { readChoice } from './choices.ts';

const text = z.string().max(10_000);
const short = z.string().max(1000);
const mediaSchema = z.object({
  id: z.string().min(1).max(200),
  caption: text.optional().catch(undefined),
  filename: z.string().max(255).optional().catch(undefined),
});
const choiceSchema = z.object({ id: z.string().min(1).max(300), title: z.string().max(200).catch('') });

/** The kinds of message, each with what we read of it and what it says. */
const kinds: Readonly<
  Record<string, (message: Readonly<Record<string, unknown>>) => ReceivedContent | string | undefined>
> = {
  text: ({ text: given }) => {
    const said = z.object({ body: text.min(1) }).safeParse(given);
    return said.success ? { kind: 'text', content: { text: said.data.body } } : undefined;
  },
  image: ({ image }) => file('image', image),
  sticker: ({ sticker }) => file('image', sticker),
  audio: ({ audio }) => file('audio', audio),
  video: ({ video }) => file('video', video),
  document: ({ document }) => file('file', document),
  location: ({ location }) => {
    const place = z
      .object({
        latitude: z.number(),
        longitude: z.number(),
        name: short.optional(),
        address: short.optional(),
      })
      .safeParse(location).data;
    if (!place) return undefined;
    const map = `https://www.openstreetmap.org/?mlat=${place.latitude}&mlon=${place.longitude}`;
    return { kind: 'text', content: { text: [place.name, place.address, map].filter(Boolean).join('\n') } };
  },
  contacts: ({ contacts }) => {
    const people = z
      .array(
        z.object({
          name: z.object({ formatted_name: short }).optional().catch(undefined),
          phones: z.array(z.object({ phone: short.optional() })).catch([]),
        }),
      )
      .safeParse(contacts).data;
    const lines = people?.map(({ name, phones }) =>
      [name?.formatted_name, ...phones.map(({ phone }) => phone)].filter(Boolean).join(' '),
    );
    return lines?.some(Boolean)
      ? { kind: 'text', content: { text: lines.join('\n').slice(0, 10_000) } }
      : undefined;
  },
  interactive: ({ interactive }) => {
    const answer = z
      .object({ button_reply: choiceSchema.optional(), list_reply: choiceSchema.optional() })
      .safeParse(interactive).data;
    const chosen = answer?.button_reply ?? answer?.list_reply;
    return chosen && readChoice(chosen);
  },
  // Under a template: what it posts back is the template's.
  button: ({ button }) => {
    const pressed = z.object({ payload: short.min(1), text: short.catch('') }).safeParse(button).data;
    if (!pressed) return undefined;
    const postback = { title: (pressed.text || pressed.payload).slice(0, 80), payload: pressed.payload };
    return { kind: 'postback', content: { text: postback.title, postback } };
  },
  order: ({ order }) => {
    const items = z
      .object({
        product_items: z
          .array(z.object({ product_retailer_id: short, quantity: z.coerce.number() }))
          .max(500),
      })
      .safeParse(order).data?.product_items;
    const lines = items?.map(({ quantity, product_retailer_id: product }) => `${quantity} × ${product}`);
    return lines && { kind: 'text', content: { text: ['An order:', ...lines].join('\n').slice(0, 10_000) } };
  },
  reaction: ({ reaction }) => {
    const emoji = z.object({ emoji: z.string().max(50).optional() }).safeParse(reaction).data?.emoji;
    return emoji ? `The customer reacted with ${emoji}.` : 'The customer took a reaction back.';
  },
  system: ({ system }) => {
    const said = z.object({ body: short }).safeParse(system).data?.body;
    return said && `WhatsApp says: ${said}`;
  },
  unsupported: () => 'The customer sent something that can only be seen in their app.',
};

const updateSchema = z.object({
  message: z
    .looseObject({
      id: z.string().min(1).max(280),
      from: z.string().optional(),
      from_user_id: z.string().optional(),
      timestamp: z.number(),
      type: z.string().max(50),
    })
    .optional(),
  name: z.string().max(200).optional(),
  status: z
    .object({
      id: z.string().min(1),
      status: z.string(),
      biz_opaque_callback_data: z.string().max(512).optional().catch(undefined),
      errors: z.array(z.unknown()).optional().catch(undefined),
    })
    .optional(),
  field: z.string().optional(),
});

/** What one update means; it never throws. */
export function parseWhatsapp(
  payload: Readonly<Record<string, unknown>>,
  place: WebhookEventSource,
): ParsedWebhookEvent {
  const update = updateSchema.safeParse(payload);
  if (!update.success) return { outcome: 'ignored', reason: 'an update of a shape that we do not know' };
  const { message, name, status, field } = update.data;
  if (status) return parseStatus(status);
  if (!message) return { outcome: 'ignored', reason: `a change of ${field ?? 'nothing that we know'}` };
  const said = Object.hasOwn(kinds, message.type) ? kinds[message.type]?.(message) : undefined;
  if (said === undefined)
    return { outcome: 'ignored', reason: `a message that we cannot read: ${message.type}` };
  if (typeof said === 'string') return { outcome: 'note', text: said, attributes: {} };
  const { from, from_user_id: user, id: externalId, timestamp } = message;
  const profile = {
    ...(name ? { name } : {}),
    ...(from === undefined ? {} : { phone: normalisePhoneNumber(`+${from}`).slice(0, 32) }),
  };
  const contactId = from ?? `user:${user}`;
  return toContainer(place, { contactId, externalId, sentAtMs: timestamp * 1000 }, { ...said, profile });
}

function parseStatus(status: NonNullable<z.output<typeof updateSchema>['status']>): ParsedWebhookEvent {
  const { id: externalId, status: word, biz_opaque_callback_data: reference, errors } = status;
  switch (word) {
    case 'sent':
      return reference === undefined
        ? { outcome: 'ignored', reason: 'a message that was sent by other means' }
        : { outcome: 'echo', reference, externalId };
    case 'delivered':
    case 'read':
      return { outcome: 'receipt', status: word, externalIds: [externalId], until: null };
    case 'failed':
      return { outcome: 'failure', externalId, error: reasonOf(errors?.[0]) };
    default:
      return { outcome: 'ignored', reason: `a status that we do not know: ${word.slice(0, 20)}` };
  }
}

function reasonOf(given: unknown): string {
  const error = z
    .object({
      code: z.number().optional(),
      title: short.optional(),
      error_data: z.object({ details: short.optional() }).optional().catch(undefined),
    })
    .safeParse(given).data;
  const code = error?.code === undefined ? '' : ` (${error.code})`;
  return `WhatsApp did not deliver it: ${error?.error_data?.details ?? error?.title ?? 'no reason given'}${code}.`;
}

const mediaAddress = 'https://graph.facebook.com/media/';

/** The number of a file in the address that stands for it; where it really is has to be asked for. */
export function mediaIdIn(url: string): string | undefined {
  return url.startsWith(mediaAddress) ? decodeURIComponent(url.slice(mediaAddress.length)) : undefined;
}

function file(type: Attachment['type'], given: unknown): ReceivedContent | undefined {
  const media = mediaSchema.safeParse(given).data;
  if (!media) return undefined;
  const { id, caption, filename } = media;
  const attachment = {
    type,
    url: `${mediaAddress}${encodeURIComponent(id)}`,
    ...(filename ? { name: filename } : {}),
  };
  const content: MessageContent = { ...(caption ? { text: caption } : {}), attachments: [attachment] };
  return { kind: 'attachment', content };
}
