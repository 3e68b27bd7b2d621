import {
  type Attachment,
  conversationKey,
  type EmailDetails,
  type MessageContainer,
  type MessageContent,
  shortenText,
  storableText,
} from '@mevrik/protocol';
import { claimFiles, fileIdsOf } from '../attachments/file-claims.ts';
import { splitTag } from '../channels/email/address-parts.ts';
import { emailSettingsSchema } from '../channels/email/email-settings.ts';
import { type EmailAttachment, type ParsedEmail, readEmail } from '../channels/email/read-email.ts';
import { readMessageId } from '../channels/email/reply-tags.ts';
import { applyBounce } from '../delivery/apply-bounce.ts';
import { normaliseEmailAddress } from '../domain/contact/email-address.ts';
import type { Tx } from '../log/transaction.ts';
import type { EmailChannels } from './email-channels.ts';
import { findConversation } from './find-conversation.ts';
import type { EmailLane } from './receive-email.ts';

/** A stored email that waits to be processed. */
export interface WaitingEmail {
  readonly id: number;
  readonly source: 'smtp' | 'imap';
  readonly recipient: string;
  readonly message_id: string | null;
  readonly deduplication_key: string;
  readonly raw: Buffer;
  readonly received_at: string;
}

/**
 * Stores an attachment of an email as a file.
 *
 * @returns the attachment for the message; `null` if it is too large or its type is not allowed.
 */
export type StoreAttachment = (appId: number, file: EmailAttachment) => Promise<Attachment | null>;

/** The dependencies of processing emails. */
export interface ProcessEmailDeps {
  readonly channels: EmailChannels;
  /** Signs reply tags and Message-IDs. */
  readonly signingKey: Buffer;
  /** `null`: attachments are not stored as files, only named in the message. */
  readonly storeAttachment: StoreAttachment | null;
}

/** The result of processing an email. */
type Outcome =
  | { readonly status: 'handled'; readonly conversationKey: string | null; readonly note: string | null }
  | { readonly status: 'ignored' | 'unreadable'; readonly note: string };

const maxText = 10_000;

/** Processes a stored email: raises a message, applies a delivery report, or ignores it with a reason. */
export async function processEmail(
  tx: Tx,
  lane: EmailLane,
  waiting: WaitingEmail,
  email: OpenedEmail,
  deps: ProcessEmailDeps,
): Promise<void> {
  const outcome = await decide(tx, lane, waiting, email, deps);
  const key = outcome.status === 'handled' ? outcome.conversationKey : null;
  await tx.sql`
    UPDATE inbound_emails SET status = ${outcome.status}, note = ${outcome.note}, retry_at = NULL,
      conversation_key = ${key}
    WHERE id = ${waiting.id}`;
}

/** A parsed email with its stored attachments: `null` for one that was not stored. */
export interface OpenedEmail extends ParsedEmail {
  readonly attachments: readonly (Attachment | null)[];
}

/** The maximum number of attachments of a message; further ones are named in its text. */
const maxAttachments = 10;

/** Parses a stored email and stores its attachments as files. */
export async function openEmail(
  { appId, sender }: EmailLane,
  { raw, source }: WaitingEmail,
  { storeAttachment }: ProcessEmailDeps,
): Promise<OpenedEmail> {
  const email = await readEmail(raw, source === 'smtp' ? sender : null);
  const attachments: (Attachment | null)[] = [];
  if (storeAttachment && !email.report) {
    for (const file of email.files.slice(0, maxAttachments))
      attachments.push(await storeAttachment(appId, file));
  }
  return { ...email, attachments };
}

async function decide(
  tx: Tx,
  { appId, channel }: EmailLane,
  waiting: WaitingEmail,
  email: OpenedEmail,
  { channels, signingKey }: ProcessEmailDeps,
): Promise<Outcome> {
  const all = await channels.all();
  const own = all.find((one) => one.appId === appId && one.channel === channel);
  if (!own) return { status: 'ignored', note: 'the channel is disabled or deleted' };
  if (email.report) return applyReport(tx, { appId, channel }, email.report, signingKey);
  if (waiting.message_id !== null && readMessageId(waiting.message_id, signingKey) !== undefined) {
    return { status: 'ignored', note: 'an email that this server sent' };
  }
  const { author } = email;
  if (!author) return { status: 'unreadable', note: 'no valid sender address' };
  // Two channels could answer each other forever.
  const plain = splitTag(author.address).address;
  if (all.some(({ address }) => address === plain || address === author.address)) {
    return { status: 'ignored', note: 'sent from the address of a channel' };
  }
  const received = { appId, channel, recipient: waiting.recipient };
  const address = normaliseEmailAddress(emailSettingsSchema.parse(own.settings).address) ?? '';
  const contactId =
    (await findConversation(tx, { received, email, address, key: signingKey })) ?? author.address;
  const messageContainer = toContainer({ appId, channel }, waiting, email, { ...author, contactId });
  // The message may wait in the log for longer than unused files are kept.
  if (!(await claimFiles(tx.sql, fileIdsOf(messageContainer.content)))) {
    throw new Error('An attachment was deleted before it was used.');
  }
  tx.raise('NewMessageReceivedEvent', { messageContainer });
  return { status: 'handled', conversationKey: messageContainer.conversationKey, note: null };
}

/** What a report about an email led to. */
const reportNotes = {
  failed: 'a bounce of a reply',
  delayed: 'a report that a reply is delayed',
  repeated: 'a bounce that was recorded before',
  'not ours': 'a report about an email that this server did not send',
} as const;

async function applyReport(
  tx: Tx,
  channel: { readonly appId: number; readonly channel: string },
  report: NonNullable<ParsedEmail['report']>,
  signingKey: Buffer,
): Promise<Outcome> {
  const sent = report.about === null ? undefined : readMessageId(report.about, signingKey);
  if (!sent) return { status: 'ignored', note: reportNotes['not ours'] };
  if (report.outcome === 'other') return { status: 'ignored', note: 'a success report' };
  const status = report.status === null ? '' : ` (${report.status})`;
  const error = storableText(`The email was returned${status}: ${report.reason}`);
  const found = await applyBounce(tx, channel, { ...sent, outcome: report.outcome, error });
  return found === 'failed' || found === 'delayed'
    ? { status: 'handled', conversationKey: null, note: reportNotes[found] }
    : { status: 'ignored', note: reportNotes[found] };
}

function toContainer(
  { appId, channel }: { readonly appId: number; readonly channel: string },
  waiting: WaitingEmail,
  email: OpenedEmail,
  author: { readonly address: string; readonly name: string | null; readonly contactId: string },
): MessageContainer {
  const isSame = author.address === author.contactId;
  const details: EmailDetails = {
    ...(email.subject === '' ? {} : { subject: shortenText(storableText(email.subject), 500) }),
    ...(isSame
      ? {}
      : {
          from: shortenText(
            storableText(author.name === null ? author.address : `${author.name} <${author.address}>`),
            320,
          ),
        }),
    ...(email.automatic === null ? {} : { automatic: email.automatic }),
  };
  const name = author.name === null ? {} : { name: shortenText(storableText(author.name), 200) };
  const content = contentOf(email);
  return {
    appId,
    channel,
    contactId: author.contactId,
    conversationKey: conversationKey(appId, channel, author.contactId),
    externalId: waiting.message_id ?? waiting.deduplication_key,
    kind: content.text === undefined ? 'attachment' : 'text',
    content: { ...content, email: details },
    profile: isSame ? { ...name, email: author.address } : {},
    sentAt: sentAt(email, waiting).toISOString(),
  };
}

/** Its Date header, if it is plausible, else when it was received. */
function sentAt({ sentAt: date }: ParsedEmail, { received_at }: WaitingEmail): Date {
  const received = new Date(received_at);
  return date && date.getTime() > 0 && date.getTime() <= received.getTime() ? date : received;
}

/** The content of the message: the email's text, or its subject if it has no text, and its attachments. */
function contentOf(email: OpenedEmail): MessageContent {
  const attachments = email.attachments.filter((one) => one !== null);
  const named = email.files
    .filter((_file, at) => !email.attachments[at])
    .map(({ name, contentType, content }) => `[${name}, ${contentType}, ${sizeOf(content.length)}]`);
  const written =
    email.text === '' && email.files.length === 0 ? email.subject || 'Empty email.' : email.text;
  const text = shortenText(storableText([written, ...named].filter(Boolean).join('\n')), maxText);
  return { ...(text === '' ? {} : { text }), ...(attachments.length === 0 ? {} : { attachments }) };
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
