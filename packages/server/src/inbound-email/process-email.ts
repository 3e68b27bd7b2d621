import {
  type Attachment,
  conversationKey,
  type EmailDetails,
  type MessageContainer,
  type MessageContent,
} from '@mevrik/protocol';
import { splitTag } from '../channels/email/address-parts.ts';
import { emailSettingsSchema } from '../channels/email/email-settings.ts';
import { type EmailAttachment, type ParsedEmail, readEmail } from '../channels/email/read-email.ts';
import { readMessageId } from '../channels/email/reply-tags.ts';
import { applyBounce } from '../delivery/apply-bounce.ts';
import { normaliseEmailAddress } from '../domain/contact/email-address.ts';
import type { Tx } from '../log/transaction.ts';
import type { EmailChannels } from './email-channels.ts';
import { findConversation } from './find-conversation.ts';
import { type EmailLane, storable } from './receive-email.ts';

/** A mail that waits to be taken in. */
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
 * Keeps a file that came with a mail where people can get it.
 * @returns how a message refers to it; `null` where it is not kept, as it is too large or of a kind that is refused.
 */
export type KeepFile = (appId: number, file: EmailAttachment) => Promise<Attachment | null>;

/** What taking in is composed with. */
export interface ProcessEmailDeps {
  readonly channels: EmailChannels;
  /** What marks of conversations and Message-IDs are made with. */
  readonly signingKey: Buffer;
  /** `null` where files are not kept apart from their mail: then the message names them. */
  readonly keepFile: KeepFile | null;
}

/** What has become of a mail. */
type Outcome =
  | { readonly status: 'handled'; readonly conversationKey: string | null; readonly note: string | null }
  | { readonly status: 'ignored' | 'unreadable'; readonly note: string };

const maxText = 10_000;

/** Makes of a kept mail what it means to us: a message, a failed delivery, or nothing, and then why. */
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

/** A mail that was read, and its files where they are kept: `null` for one that is not. */
export interface OpenedEmail extends ParsedEmail {
  readonly attachments: readonly (Attachment | null)[];
}

/** As many as a message can have; the others are named in it. */
const maxAttachments = 10;

/** Reads a kept mail and puts its files where people can get them. */
export async function openEmail(
  { appId, sender }: EmailLane,
  { raw, source }: WaitingEmail,
  { keepFile }: ProcessEmailDeps,
): Promise<OpenedEmail> {
  const email = await readEmail(raw, source === 'smtp' ? sender : null);
  const attachments: (Attachment | null)[] = [];
  if (keepFile && !email.report) {
    for (const file of email.files.slice(0, maxAttachments)) attachments.push(await keepFile(appId, file));
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
  if (!own) return { status: 'ignored', note: 'the channel is switched off or gone' };
  if (email.report) return applyReport(tx, { appId, channel }, email.report, signingKey);
  if (waiting.message_id !== null && readMessageId(waiting.message_id, signingKey) !== undefined) {
    return { status: 'ignored', note: 'a mail of our own that came back' };
  }
  const { author } = email;
  if (!author) return { status: 'unreadable', note: 'nobody can be told who wrote it' };
  // Two channels that answer each other would never stop.
  const plain = splitTag(author.address).address;
  if (all.some(({ address }) => address === plain || address === author.address)) {
    return { status: 'ignored', note: 'it comes from an address of ours' };
  }
  const place = { appId, channel, recipient: waiting.recipient };
  const address = normaliseEmailAddress(emailSettingsSchema.parse(own.settings).address) ?? '';
  const contactId =
    (await findConversation(tx, { place, email, address, key: signingKey })) ?? author.address;
  const messageContainer = toContainer({ appId, channel }, waiting, email, { ...author, contactId });
  tx.raise('NewMessageReceivedEvent', { messageContainer });
  return { status: 'handled', conversationKey: messageContainer.conversationKey, note: null };
}

async function applyReport(
  tx: Tx,
  place: { readonly appId: number; readonly channel: string },
  report: NonNullable<ParsedEmail['report']>,
  signingKey: Buffer,
): Promise<Outcome> {
  const reference = report.about === null ? undefined : readMessageId(report.about, signingKey);
  if (reference === undefined) return { status: 'ignored', note: 'a report on a mail that is not ours' };
  if (report.outcome === 'other') return { status: 'ignored', note: 'a report of success' };
  const status = report.status === null ? '' : ` (${report.status})`;
  const error = storable(`The mail came back${status}: ${report.reason}`);
  const found = await applyBounce(tx, place, { reference, outcome: report.outcome, error });
  return found === 'failed' || found === 'delayed'
    ? { status: 'handled', conversationKey: null, note: `a report: ${found}` }
    : { status: 'ignored', note: `a report: ${found}` };
}

function toContainer(
  { appId, channel }: { readonly appId: number; readonly channel: string },
  waiting: WaitingEmail,
  email: OpenedEmail,
  who: { readonly address: string; readonly name: string | null; readonly contactId: string },
): MessageContainer {
  const isSame = who.address === who.contactId;
  const details: EmailDetails = {
    ...(email.subject === '' ? {} : { subject: shorten(email.subject, 500) }),
    ...(isSame
      ? {}
      : { from: shorten(who.name === null ? who.address : `${who.name} <${who.address}>`, 320) }),
    ...(email.automatic === null ? {} : { automatic: email.automatic }),
  };
  const name = who.name === null ? {} : { name: shorten(who.name, 200) };
  const content = contentOf(email);
  return {
    appId,
    channel,
    contactId: who.contactId,
    conversationKey: conversationKey(appId, channel, who.contactId),
    externalId: waiting.message_id ?? waiting.deduplication_key,
    kind: content.text === undefined ? 'attachment' : 'text',
    content: { ...content, email: details },
    profile: isSame ? { ...name, email: who.address } : {},
    sentAt: sentAt(email, waiting).toISOString(),
  };
}

/** When it says that it was sent, if that can be. */
function sentAt({ sentAt: said }: ParsedEmail, { received_at }: WaitingEmail): Date {
  const received = new Date(received_at);
  return said && said.getTime() > 0 && said.getTime() <= received.getTime() ? said : received;
}

/** What was written, and what came with it. Of a mail that says nothing its subject is what it says. */
function contentOf(email: OpenedEmail): MessageContent {
  const attachments = email.attachments.filter((one) => one !== null);
  const named = email.files
    .filter((_file, at) => !email.attachments[at])
    .map(({ name, contentType, content }) => `[${name}, ${contentType}, ${sizeOf(content.length)}]`);
  const said = email.text === '' && email.files.length === 0 ? email.subject || 'An empty mail.' : email.text;
  const text = shorten([said, ...named].filter(Boolean).join('\n'), maxText);
  return { ...(text === '' ? {} : { text }), ...(attachments.length === 0 ? {} : { attachments }) };
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function shorten(text: string, maxLength: number): string {
  const clean = storable(text);
  return clean.length <= maxLength ? clean : `${storable(clean.slice(0, maxLength - 1))}…`;
}
