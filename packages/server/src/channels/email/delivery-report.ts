import { readHeaders } from './email-headers.ts';

/** What a server says of a mail of ours (RFC 3464). */
export interface DeliveryReport {
  /** The Message-ID of what it is about, in angle brackets; `null` where it does not say. */
  readonly about: string | null;
  readonly outcome: 'failed' | 'delayed' | 'other';
  /** Such as `5.1.1`. */
  readonly status: string | null;
  /** In the server's words. */
  readonly reason: string;
}

/** A part of a mail that is neither text nor HTML. */
export interface ReportPart {
  readonly contentType: string;
  readonly content: Buffer;
}

const originals = ['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers'];

/** The report in a `multipart/report` with `report-type=delivery-status`; `null` where it makes no sense. */
export function readDeliveryReport(parts: readonly ReportPart[]): DeliveryReport | null {
  const statement = parts.find(({ contentType }) => /^message\/(global-)?delivery-status$/.test(contentType));
  if (!statement) return null;
  const recipients = fieldGroups(statement.content).filter((fields) => fields.has('final-recipient'));
  const worst = recipients.find((fields) => isFailed(fields)) ?? recipients[0];
  if (!worst) return null;
  const original = parts.find(({ contentType }) => originals.includes(contentType));
  const about = original && readHeaders(withEnd(original.content)).headers.get('message-id')?.[0];
  const status = /^[245]\.\d{1,3}\.\d{1,3}/.exec(worst.get('status') ?? '')?.[0] ?? null;
  const diagnostic = (worst.get('diagnostic-code') ?? '').replace(/^\S{1,20};\s*/, '');
  return {
    about: /<[^<>\s]+>/.exec(about ?? '')?.[0] ?? null,
    outcome: isFailed(worst) ? 'failed' : worst.get('action') === 'delayed' ? 'delayed' : 'other',
    status,
    reason: diagnostic.slice(0, 500) || `The server gave no reason${status === null ? '' : ` (${status})`}.`,
  };
}

/** By the status where there is one: 5 is for good, 4 is a delay, whatever the word beside it. */
function isFailed(fields: ReadonlyMap<string, string>): boolean {
  const status = fields.get('status') ?? '';
  if (/^[245]\./.test(status)) return status.startsWith('5') && fields.get('action') !== 'delivered';
  return fields.get('action') === 'failed';
}

/** The report's fields: of the mail first, then of each recipient, with an empty line between. */
function fieldGroups(content: Buffer): ReadonlyMap<string, string>[] {
  return content
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .map((block) => {
      const { headers } = readHeaders(withEnd(Buffer.from(block.trim())));
      return new Map(
        [...headers].map(([name, [value = '']]) => [name, name === 'action' ? value.toLowerCase() : value]),
      );
    });
}

function withEnd(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.from('\r\n\r\n')]);
}
