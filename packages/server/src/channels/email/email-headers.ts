import { createHash } from 'node:crypto';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import { mailparser } from './email-packages.ts';

/** Only this many bytes of the headers are read before an email is stored. */
const maxHeaderBytes = 256 * 1024;
/** The Message-IDs that other emails can refer to. */
const messageIdShape = /<[^<>\s]{3,240}>/;

/** The identity of an email before it is processed. */
export interface EmailIdentity {
  /** In angle brackets; `null` if it is missing or malformed. */
  readonly messageId: string | null;
  /** The normalised address in From; empty if it is missing or malformed. */
  readonly from: string;
  /** Equal for copies of the same email. */
  readonly deduplicationKey: string;
}

/**
 * Identifies an email by its Message-ID and sender. The sender is included so that an attacker cannot suppress another
 * person's email by sending its Message-ID first. An email without a Message-ID is identified by its content, without
 * the headers that servers add on the way.
 */
export function identifyEmail(raw: Buffer): EmailIdentity {
  const { headers, body } = readHeaders(raw);
  const from = senderOf(headers);
  const messageId = messageIdShape.exec(firstOf(headers, 'message-id') ?? '')?.[0] ?? null;
  const hash = createHash('sha256');
  if (messageId === null) {
    for (const name of ['from', 'to', 'date', 'subject']) hash.update(`${firstOf(headers, name) ?? ''}\n`);
    hash.update(body);
  } else hash.update(`${messageId}\n${from}`);
  return { messageId, from, deduplicationKey: `sha256:${hash.digest('hex')}` };
}

/** The headers of an email, as lower-case names with all their values, and its body. */
export function readHeaders(raw: Buffer): {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
} {
  const start = raw.subarray(0, maxHeaderBytes).toString('latin1');
  const end = /\r?\n\r?\n/.exec(start);
  const block = end ? start.slice(0, end.index) : start;
  const headers = new Map<string, string[]>();
  for (const line of block.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = Buffer.from(line.slice(colon + 1).trim(), 'latin1').toString('utf8');
    const known = headers.get(name);
    if (known) known.push(value);
    else headers.set(name, [value]);
  }
  return { headers, body: end ? raw.subarray(end.index + end[0].length) : Buffer.alloc(0) };
}

function senderOf(headers: ReadonlyMap<string, readonly string[]>): string {
  const { value } = mailparser().parseAddressHeader(firstOf(headers, 'from'), {
    flatten: true,
    decodePunycode: false,
  });
  return normaliseEmailAddress(value[0]?.address ?? '') ?? '';
}

function firstOf(headers: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  return headers.get(name)?.[0];
}
