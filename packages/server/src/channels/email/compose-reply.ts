import type { Attachment, Button, ChannelCapabilities, MessageContent } from '@mevrik/protocol';
import type { OutboundMessage, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { emailSettingsSchema } from './email-settings.ts';

/** The capabilities of email. It has no reply window. */
export const emailCapabilities: ChannelCapabilities = {
  textLength: 100_000,
  quickReplies: 13,
  buttons: 10,
  attachments: ['image', 'audio', 'video', 'file'],
  replyWindowHours: null,
};

/** A composed email, as it is stored until it is sent. */
export interface EmailBody {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The Message-ID of the email that it replies to; `null` if there is none. */
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** Whether the bot or the system wrote it. */
  readonly isAutomatic: boolean;
  readonly contactIdentityId: number;
  /** The stored files to attach. */
  readonly files: readonly {
    readonly fileId: string;
    readonly name: string;
    readonly contentType: string;
  }[];
}

const replyPrefix = /^\s*((re|aw|sv|vs|antw|odp|ref|rif)(\[\d+\])?\s*:\s*)+/i;
const referable = /^<[^<>\s]+>$/;

/**
 * The email that sends a message: always a single one.
 *
 * @throws ChannelError if the channel has no SMTP server or the message has no content.
 */
export function composeReply(message: OutboundMessage, given: unknown): readonly OutboundPart[] {
  const settings = emailSettingsSchema.parse(given);
  if (!settings.smtp)
    throw undeliverable(
      'The channel has no SMTP server. Turn on “Sending (SMTP)” in the channel’s settings.',
    );
  const { attachments = [] } = message.content;
  const files = attachments.flatMap(({ fileId, name = 'file', contentType = 'application/octet-stream' }) =>
    fileId === undefined ? [] : [{ fileId, name, contentType }],
  );
  const lines = linesOf(message.content);
  if (lines.length === 0 && files.length === 0)
    throw undeliverable('The message has no content that an email can display.');
  const references = message.thread.externalIds.filter((id) => referable.test(id));
  const body: EmailBody = {
    to: message.contactId,
    subject: message.content.email?.subject ?? replySubject(message.thread.subject) ?? settings.subject,
    text: `${lines.map(({ text }) => text).join('\n\n')}\n`,
    html: lines.map(({ html }) => html).join('\n'),
    inReplyTo: references.at(-1) ?? null,
    references,
    isAutomatic: message.sender !== 'agent',
    contactIdentityId: message.contactIdentityId,
    files,
  };
  // Its Message-ID is the same in every attempt, so mail programs recognise a second copy.
  return [{ body: { ...body }, isRepeatable: true }];
}

function replySubject(subject: string | null): string | undefined {
  if (subject === null) return undefined;
  const bare = subject.replace(replyPrefix, '').trim();
  return bare === '' ? undefined : `Re: ${bare}`;
}

interface Line {
  readonly text: string;
  readonly html: string;
}

function linesOf({ text = '', attachments = [], buttons = [], quickReplies = [] }: MessageContent): Line[] {
  return [
    ...(text.trim() === '' ? [] : [paragraphs(text.trim())]),
    ...attachments.filter(({ fileId }) => fileId === undefined).map(attachmentLine),
    ...buttons.map(buttonLine),
    ...(quickReplies.length === 0
      ? []
      : [paragraphs(`Reply with one of: ${quickReplies.map(({ title }) => title).join(', ')}`)]),
  ];
}

function attachmentLine({ url, name }: Attachment): Line {
  return linkLine(name ?? 'Attachment', url);
}

function buttonLine(button: Button): Line {
  return 'url' in button ? linkLine(button.title, button.url) : paragraphs(`Reply with: ${button.title}`);
}

function linkLine(title: string, url: string): Line {
  return { text: `${title}: ${url}`, html: `<p><a href="${escapeHtml(url)}">${escapeHtml(title)}</a></p>` };
}

const webAddress = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;

function paragraphs(text: string): Line {
  const html = text
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${withLinks(paragraph).replaceAll('\n', '<br>\n')}</p>`)
    .join('\n');
  return { text, html };
}

function withLinks(text: string): string {
  let at = 0;
  let html = '';
  for (const { 0: url, index } of text.matchAll(webAddress)) {
    html += `${escapeHtml(text.slice(at, index))}<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`;
    at = index + url.length;
  }
  return html + escapeHtml(text.slice(at));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
