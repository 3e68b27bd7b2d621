import { createHash } from 'node:crypto';
import { parseAddressHeader } from 'mailparser';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';

/** Headers that are longer are not looked into before the mail is stored. */
const headBytes = 256 * 1024;
/** What a Message-ID looks like that can be referred to. */
const messageIdShape = /<[^<>\s]{3,240}>/;

/** What a mail is known by before anything else is made of it. */
export interface EmailIdentity {
  /** In angle brackets; `null` where it has none that can be referred to. */
  readonly messageId: string | null;
  /** Who it says that it is from, as addresses are compared; empty where it says nothing of use. */
  readonly from: string;
  /** The same for each copy of a mail. */
  readonly deduplicationKey: string;
}

/**
 * What tells a mail from every other: its Message-ID and sender. The sender counts as well, so that nobody can have
 * another person's mail taken for a copy. One without a Message-ID is told by its content, without what servers add
 * on the way.
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

/** The headers of a mail, each name in lower case with all its values, and what follows them. */
export function readHeaders(raw: Buffer): {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
} {
  const head = raw.subarray(0, headBytes).toString('latin1');
  const end = /\r?\n\r?\n/.exec(head);
  const block = end ? head.slice(0, end.index) : head;
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
  const { value } = parseAddressHeader(firstOf(headers, 'from'), { flatten: true, decodePunycode: false });
  return normaliseEmailAddress(value[0]?.address ?? '') ?? '';
}

function firstOf(headers: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  return headers.get(name)?.[0];
}
