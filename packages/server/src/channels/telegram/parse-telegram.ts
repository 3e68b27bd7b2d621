import { type Attachment, conversationKey, cutText, type MessageContainer } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, RawWebhookEvent, WebhookEventSource } from '../channel.ts';
import { unknownContactId } from '../unreadable-event.ts';
import { botIdOf } from './telegram-settings.ts';

const id = z.union([z.number(), z.string().min(1).max(64)]).transform(String);
const fileSchema = z.object({
  file_id: z.string().min(1).max(300),
  file_name: z.string().max(255).optional(),
});
const personSchema = z.object({
  id,
  first_name: z.string().max(100).optional(),
  last_name: z.string().max(100).optional(),
  username: z.string().max(64).optional(),
  language_code: z.string().min(2).max(35).optional(),
});
const messageSchema = z.object({
  message_id: id,
  from: personSchema.optional(),
  chat: z.object({ id, type: z.string() }),
  date: z.number().optional(),
  text: z.string().max(10_000).optional(),
  caption: z.string().max(10_000).optional(),
  photo: z.array(fileSchema).optional().catch(undefined),
  sticker: fileSchema.optional().catch(undefined),
  audio: fileSchema.optional().catch(undefined),
  voice: fileSchema.optional().catch(undefined),
  video: fileSchema.optional().catch(undefined),
  video_note: fileSchema.optional().catch(undefined),
  animation: fileSchema.optional().catch(undefined),
  document: fileSchema.optional().catch(undefined),
  location: z.object({ latitude: z.number(), longitude: z.number() }).optional().catch(undefined),
  contact: z
    .object({ phone_number: z.string().max(32), first_name: z.string().max(100).optional() })
    .optional()
    .catch(undefined),
});
const eventSchema = z.object({
  update_id: id,
  /** Added by us; absent in events that were stored before we added it. */
  botId: z.string().optional(),
  message: messageSchema.optional(),
  edited_message: messageSchema.optional(),
  callback_query: z
    .object({
      id,
      from: personSchema,
      data: z.string().min(1).max(1000),
      message: z
        .object({ chat: z.object({ id }) })
        .loose()
        .optional(),
    })
    .optional(),
});

type TelegramMessage = z.output<typeof messageSchema>;
type Person = z.output<typeof personSchema>;

/**
 * The event in a body: Telegram sends one at a time and does not say for which bot. Its ids are unique per bot, so we
 * store the bot's id with them: a channel that is given another bot receives the same ids again.
 */
export function splitTelegram(body: unknown, settings: unknown): readonly RawWebhookEvent[] {
  const outline = z.looseObject({ update_id: id }).safeParse(body);
  if (!outline.success) return [];
  const botId = botIdOf(settings);
  const payload = { ...outline.data, botId };
  const event = eventSchema.safeParse(payload).data;
  const chat = (event?.message ?? event?.edited_message ?? event?.callback_query?.message)?.chat.id;
  return [
    {
      deduplicationKey: `bot ${botId} update ${outline.data.update_id}`,
      contactId: chat ?? event?.callback_query?.from.id ?? unknownContactId,
      accountId: null,
      payload,
    },
  ];
}

/** Interprets a webhook event. It never throws. */
export function parseTelegram(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  const parsed = eventSchema.safeParse(payload);
  if (!parsed.success) return { outcome: 'ignored', reason: 'a malformed event' };
  const { message, edited_message: edited, callback_query: pressed, botId } = parsed.data;
  const externalIdOf = (given: TelegramMessage) =>
    botId === undefined ? given.message_id : `bot ${botId} message ${given.message_id}`;
  if (pressed) {
    const title = cutText(titleOf(pressed.message, pressed.data), 80);
    return toMessage(
      source,
      pressed.message?.chat.id ?? pressed.from.id,
      `callback ${pressed.id}`,
      pressed.from,
      {
        kind: 'postback',
        content: { text: title, postback: { title, payload: pressed.data } },
      },
    );
  }
  const received = message ?? edited;
  if (!received) return { outcome: 'ignored', reason: 'an unknown type of event' };
  if (received.chat.type !== 'private')
    return { outcome: 'ignored', reason: `a message in a ${received.chat.type}` };
  // A live location is edited each time it moves, for hours: the message keeps the first one.
  if (edited?.location) return { outcome: 'ignored', reason: 'a location that moved' };
  const content = contentOf(received);
  if (!content) return { outcome: 'ignored', reason: 'a message without displayable content' };
  if (edited) return { outcome: 'changed', externalId: externalIdOf(edited), text: content.text ?? '' };
  const kind = content.attachments ? ('attachment' as const) : ('text' as const);
  return toMessage(
    source,
    received.chat.id,
    externalIdOf(received),
    received.from,
    { kind, content },
    received.date,
  );
}

function toMessage(
  { appId, channel }: WebhookEventSource,
  contactId: string,
  externalId: string,
  person: Person | undefined,
  received: Pick<MessageContainer, 'kind' | 'content'>,
  date = Date.now() / 1000,
): ParsedWebhookEvent {
  const name = [person?.first_name, person?.last_name].filter(Boolean).join(' ') || person?.username;
  return {
    outcome: 'message',
    container: {
      appId,
      channel,
      contactId,
      conversationKey: conversationKey(appId, channel, contactId),
      externalId,
      profile: {
        ...(name ? { name } : {}),
        ...(person?.language_code ? { locale: person.language_code } : {}),
      },
      sentAt: instantOf(date),
      ...received,
    },
  };
}

/** A timestamp of Telegram's, in seconds, as an ISO instant; the current time if it is invalid. */
function instantOf(seconds: number): string {
  const isTime = seconds >= 0 && seconds < 8.64e10;
  return new Date(isTime ? seconds * 1000 : Date.now()).toISOString();
}

function contentOf(message: TelegramMessage): MessageContainer['content'] | undefined {
  const { location, contact } = message;
  const mapUrl =
    location && `https://www.openstreetmap.org/?mlat=${location.latitude}&mlon=${location.longitude}`;
  const person = contact && `${contact.first_name ?? ''} ${contact.phone_number}`.trim();
  const text = message.text ?? message.caption ?? mapUrl ?? person;
  const attachments = attachmentsOf(message);
  if (!text && attachments.length === 0) return undefined;
  return { ...(text ? { text } : {}), ...(attachments.length > 0 ? { attachments } : {}) };
}

/** A photo has several sizes, the largest last. */
function attachmentsOf(message: TelegramMessage): Attachment[] {
  const files: readonly (readonly [Attachment['type'], z.output<typeof fileSchema> | undefined])[] = [
    ['image', message.photo?.at(-1) ?? message.sticker],
    ['audio', message.audio ?? message.voice],
    // Telegram also sends an animation as a document: use it once.
    ['video', message.video ?? message.video_note ?? message.animation],
    ['file', message.animation ? undefined : message.document],
  ];
  return files.flatMap(([type, file]) => {
    if (!file) return [];
    const url = `${fileUrl}${encodeURIComponent(file.file_id.replace(/\p{Surrogate}/gu, ''))}`;
    return [{ type, url, ...(file.file_name ? { name: file.file_name } : {}) }];
  });
}

const fileUrl = 'https://api.telegram.org/file/';

/** The file id in the placeholder URL of a file; its real URL must be requested from Telegram. */
export function fileIdIn(url: string): string | undefined {
  return url.startsWith(fileUrl) ? decodeURIComponent(url.slice(fileUrl.length)) : undefined;
}

const keyboardSchema = z.object({
  reply_markup: z.object({
    inline_keyboard: z.array(z.array(z.object({ text: z.string(), callback_data: z.string().optional() }))),
  }),
});

/** The title of the button that was pressed. */
function titleOf(message: unknown, data: string): string {
  const rows = keyboardSchema.safeParse(message).data?.reply_markup.inline_keyboard.flat() ?? [];
  return rows.find((button) => button.callback_data === data && button.text !== '')?.text ?? data;
}
