import { cutText } from '@mevrik/protocol';
import type { AddressObject, HeaderValue, ParsedMail } from 'mailparser';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import { type DeliveryReport, readDeliveryReport } from './delivery-report.ts';
import { type AutomaticKind, detectAutomatic } from './detect-automatic.ts';
import { readHeaders } from './email-headers.ts';
import { mailparser } from './email-packages.ts';
import { visibleText } from './visible-text.ts';

/** A person named in an email's headers, with a normalised address. */
export interface EmailParticipant {
  readonly address: string;
  readonly name: string | null;
}

/** An attachment of an email. */
export interface EmailAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly content: Buffer;
  /** Its Content-ID, if the HTML embeds it. */
  readonly cid: string | null;
}

/** A parsed email. */
export interface ParsedEmail {
  /** The address that replies go to: Reply-To, else From; `null` if neither is valid. */
  readonly author: EmailParticipant | null;
  readonly to: readonly EmailParticipant[];
  readonly cc: readonly EmailParticipant[];
  readonly subject: string;
  /** The text without quoted history and signature. */
  readonly text: string;
  /** The complete text. */
  readonly wholeText: string;
  readonly html: string | null;
  readonly files: readonly EmailAttachment[];
  /** The Message-IDs that it replies to, nearest first. */
  readonly answers: readonly string[];
  readonly automatic: AutomaticKind | null;
  readonly report: DeliveryReport | null;
  readonly sentAt: Date | null;
  /** Why it could not be parsed; `null` if it could. */
  readonly parserError: Error | null;
}

const maxHtml = 1_000_000;
const maxAnswers = 30;
/** Bytes that are shown of an email that cannot be parsed. */
const maxRawBytes = 20_000;
const forwarded = /^\s*(fwd?|wg|tr|rv|i|enc|vs|vb|doorst)\s*:/i;

/**
 * Parses an email. It never throws: of an email that cannot be parsed, only the headers and the raw body are used.
 *
 * @param returnPath the envelope sender, empty for bounces; `null` if unknown.
 */
export async function readEmail(raw: Buffer, returnPath: string | null): Promise<ParsedEmail> {
  try {
    const parsed = await mailparser().simpleParser(raw, {
      keepCidLinks: true,
      skipTextToHtml: true,
      maxHtmlLengthToParse: maxHtml,
      checksumAlgo: false,
      keepDeliveryStatus: true,
      ignoreEmbedded: true,
    });
    return { ...toEmail(raw, parsed, returnPath), parserError: null };
  } catch (error) {
    const parserError = error instanceof Error ? error : new Error(String(error));
    return { ...toEmail(raw, null, returnPath), parserError };
  }
}

function toEmail(
  raw: Buffer,
  parsed: ParsedMail | null,
  returnPath: string | null,
): Omit<ParsedEmail, 'parserError'> {
  const { headers, body } = readHeaders(raw);
  const header = (name: string) => headers.get(name)?.[0];
  const people = (name: string) =>
    peopleIn(mailparser().parseAddressHeader([...(headers.get(name) ?? [])].slice(0, 100)));
  const from = parsed ? peopleIn(parsed.from) : people('from');
  const replyTo = parsed ? peopleIn(parsed.replyTo) : people('reply-to');
  const author = replyTo[0] ?? from[0] ?? null;
  const answers = answersOf(headers);
  const subject = (parsed ? (parsed.subject ?? '') : (header('subject') ?? '')).replace(/\s+/g, ' ').trim();
  // An email that cannot be parsed is shown raw: an agent may still understand it.
  const wholeText = (parsed ? (parsed.text ?? '') : body.toString('utf8', 0, maxRawBytes)).trim();
  const files = (parsed?.attachments ?? []).map(toFile);
  return {
    author: author && { ...author, name: author.name ?? from[0]?.name ?? null },
    to: peopleIn(parsed?.to),
    cc: peopleIn(parsed?.cc),
    subject,
    text: forwarded.test(subject) ? wholeText : visibleText(wholeText),
    wholeText,
    html: parsed?.html || null,
    files,
    answers,
    automatic: detectAutomatic({
      header,
      headerNames: [...headers.keys()],
      returnPath: returnPath ?? pathIn(header('return-path')),
      senders: [...from, ...replyTo, ...peopleIn(addressesOf(parsed?.headers.get('sender')))].map(
        ({ address }) => address,
      ),
      isReply: answers.length > 0,
    }),
    report: isReport(parsed?.headers.get('content-type')) ? readDeliveryReport(files) : null,
    sentAt: parsed?.date && !Number.isNaN(parsed.date.getTime()) ? parsed.date : null,
  };
}

function peopleIn(given: AddressObject | AddressObject[] | undefined): EmailParticipant[] {
  const objects = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return objects
    .flatMap(({ value }) => value)
    .flatMap((one) => one.group ?? [one])
    .flatMap(({ address = '', name }) => {
      const normal = normaliseEmailAddress(address);
      return normal === undefined ? [] : [{ address: normal, name: name.trim() || null }];
    });
}

function addressesOf(value: HeaderValue | undefined): AddressObject | undefined {
  return typeof value === 'object' && 'value' in value && Array.isArray(value.value)
    ? (value as AddressObject)
    : undefined;
}

function toFile({ filename, contentType, content, cid }: ParsedMail['attachments'][number]): EmailAttachment {
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(contentType)
    ? contentType.toLowerCase()
    : 'application/octet-stream';
  const name = cutText((filename ?? '').replace(/[\p{Cc}\p{Surrogate}/\\]/gu, ' ').trim(), 200);
  return { name: name || nameOf(type), contentType: type.slice(0, 127), content, cid: cid ?? null };
}

function nameOf(contentType: string): string {
  return contentType === 'message/rfc822' ? 'email.eml' : 'file';
}

/** The ids in In-Reply-To, then those in References from the last to the first. */
function answersOf(headers: ReadonlyMap<string, readonly string[]>): string[] {
  const idsIn = (name: string) => (headers.get(name) ?? []).join(' ').match(/<[^<>\s]{3,240}>/g) ?? [];
  return [...new Set([...idsIn('in-reply-to'), ...idsIn('references').reverse()])].slice(0, maxAnswers);
}

function isReport(type: HeaderValue | undefined): boolean {
  if (typeof type !== 'object' || !('params' in type) || !('value' in type)) return false;
  const { 'report-type': kind } = type.params as Record<string, string>;
  return type.value === 'multipart/report' && kind?.toLowerCase() === 'delivery-status';
}

function pathIn(value: string | undefined): string | null {
  return value === undefined ? null : value.replace(/[<>\s]/g, '');
}
