import { type Attachment, cutText, type MessageContent } from '@mevrik/protocol';
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

/** Readers of the message types: each returns the content, the text of a note, or `undefined` if malformed. */
const kinds: Readonly<
  Record<string, (message: Readonly<Record<string, unknown>>) => ReceivedContent | string | undefined>
> = {
  text: ({ text: given }) => {
    const parsed = z.object({ body: text.min(1) }).safeParse(given);
    return parsed.success ? { kind: 'text', content: { text: parsed.data.body } } : undefined;
  },
  image: ({ image }) => file('image', image),
  sticker: ({ sticker }) => file('image', sticker),
  audio: ({ audio }) => file('audio', audio),
  video: ({ video }) => file('video', video),
  document: ({ document }) => file('file', document),
  location: ({ location }) => {
    const parsed = z
      .object({
        latitude: z.number(),
        longitude: z.number(),
        name: short.optional(),
        address: short.optional(),
      })
      .safeParse(location).data;
    if (!parsed) return undefined;
    const map = `https://www.openstreetmap.org/?mlat=${parsed.latitude}&mlon=${parsed.longitude}`;
    return { kind: 'text', content: { text: [parsed.name, parsed.address, map].filter(Boolean).join('\n') } };
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
      ? { kind: 'text', content: { text: cutText(lines.join('\n'), 10_000) } }
      : undefined;
  },
  interactive: ({ interactive }) => {
    const answer = z
      .object({ button_reply: choiceSchema.optional(), list_reply: choiceSchema.optional() })
      .safeParse(interactive).data;
    const chosen = answer?.button_reply ?? answer?.list_reply;
    return chosen && readChoice(chosen);
  },
  // A button of a template: its payload is defined by the template.
  button: ({ button }) => {
    const pressed = z.object({ payload: short.min(1), text: short.catch('') }).safeParse(button).data;
    if (!pressed) return undefined;
    const postback = { title: cutText(pressed.text || pressed.payload, 80), payload: pressed.payload };
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
    return lines && { kind: 'text', content: { text: cutText(['Order:', ...lines].join('\n'), 10_000) } };
  },
  reaction: ({ reaction }) => {
    const emoji = z.object({ emoji: z.string().max(50).optional() }).safeParse(reaction).data?.emoji;
    return emoji ? `The customer reacted with ${emoji}.` : 'The customer removed a reaction.';
  },
  system: ({ system }) => {
    const body = z.object({ body: short }).safeParse(system).data?.body;
    return body && `Message from WhatsApp: ${body}`;
  },
  unsupported: () => 'The customer sent content that can only be viewed in their app.',
};

const eventSchema = z.object({
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

/** Interprets a webhook event. It never throws. */
export function parseWhatsapp(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  const event = eventSchema.safeParse(payload);
  if (!event.success) return { outcome: 'ignored', reason: 'a malformed event' };
  const { message, name, status, field } = event.data;
  if (status) return parseStatus(status);
  if (!message) return { outcome: 'ignored', reason: `a change of type ${field ?? 'unknown'}` };
  const received = Object.hasOwn(kinds, message.type) ? kinds[message.type]?.(message) : undefined;
  if (received === undefined)
    return { outcome: 'ignored', reason: `an unsupported message type: ${message.type}` };
  if (typeof received === 'string') return { outcome: 'note', text: received, attributes: {} };
  const { from, from_user_id: user, id: externalId, timestamp } = message;
  const profile = {
    ...(name ? { name } : {}),
    ...(from === undefined ? {} : { phone: normalisePhoneNumber(`+${from}`).slice(0, 32) }),
  };
  const contactId = from ?? `user:${user}`;
  return toContainer(source, { contactId, externalId, sentAtMs: timestamp * 1000 }, { ...received, profile });
}

function parseStatus(status: NonNullable<z.output<typeof eventSchema>['status']>): ParsedWebhookEvent {
  const { id: externalId, status: word, biz_opaque_callback_data: reference, errors } = status;
  switch (word) {
    case 'sent':
      return reference === undefined
        ? { outcome: 'ignored', reason: 'a message that another app sent' }
        : { outcome: 'echo', reference, externalId };
    case 'delivered':
    case 'read':
      return { outcome: 'receipt', status: word, externalIds: [externalId], until: null };
    case 'failed':
      return { outcome: 'failure', externalId, error: reasonOf(errors?.[0]) };
    default:
      return { outcome: 'ignored', reason: `an unknown status: ${cutText(word, 20)}` };
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

const mediaUrl = 'https://graph.facebook.com/media/';

/** The media id in the placeholder URL of a file; its real URL must be requested from WhatsApp. */
export function mediaIdIn(url: string): string | undefined {
  return url.startsWith(mediaUrl) ? decodeURIComponent(url.slice(mediaUrl.length)) : undefined;
}

function file(type: Attachment['type'], given: unknown): ReceivedContent | undefined {
  const media = mediaSchema.safeParse(given).data;
  if (!media) return undefined;
  const { id, caption, filename } = media;
  const attachment = {
    type,
    url: `${mediaUrl}${encodeURIComponent(id)}`,
    ...(filename ? { name: filename } : {}),
  };
  const content: MessageContent = { ...(caption ? { text: caption } : {}), attachments: [attachment] };
  return { kind: 'attachment', content };
}
