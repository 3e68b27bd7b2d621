import { cutText } from '@mevrik/protocol';
import { readHeaders } from './email-headers.ts';

/** A delivery status notification about an email of ours (RFC 3464). */
export interface DeliveryReport {
  /** The Message-ID of our email, in angle brackets; `null` if the report does not contain it. */
  readonly about: string | null;
  readonly outcome: 'failed' | 'delayed' | 'other';
  /** The enhanced status code, such as `5.1.1`. */
  readonly status: string | null;
  /** The server's explanation. */
  readonly reason: string;
}

/** A MIME part of the report other than its text and HTML. */
export interface ReportPart {
  readonly contentType: string;
  readonly content: Buffer;
}

const originals = ['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers'];

/** Reads the report in a `multipart/report` with `report-type=delivery-status`; `null` if it is malformed. */
export function readDeliveryReport(parts: readonly ReportPart[]): DeliveryReport | null {
  const statusPart = parts.find(({ contentType }) =>
    /^message\/(global-)?delivery-status$/.test(contentType),
  );
  if (!statusPart) return null;
  const recipients = fieldGroups(statusPart.content).filter((fields) => fields.has('final-recipient'));
  const worst = recipients.find((fields) => isFailed(fields)) ?? recipients[0];
  if (!worst) return null;
  const original = parts.find(({ contentType }) => originals.includes(contentType));
  const about = original && readHeaders(withBlankLine(original.content)).headers.get('message-id')?.[0];
  const status = /^[245]\.\d{1,3}\.\d{1,3}/.exec(worst.get('status') ?? '')?.[0] ?? null;
  const diagnostic = (worst.get('diagnostic-code') ?? '').replace(/^\S{1,20};\s*/, '');
  return {
    about: /<[^<>\s]+>/.exec(about ?? '')?.[0] ?? null,
    outcome: isFailed(worst) ? 'failed' : worst.get('action') === 'delayed' ? 'delayed' : 'other',
    status,
    reason: cutText(diagnostic, 500) || `The server gave no reason${status === null ? '' : ` (${status})`}.`,
  };
}

/** The status code takes precedence over the action: 5 is a permanent failure, 4 a delay. */
function isFailed(fields: ReadonlyMap<string, string>): boolean {
  const status = fields.get('status') ?? '';
  if (/^[245]\./.test(status)) return status.startsWith('5') && fields.get('action') !== 'delivered';
  return fields.get('action') === 'failed';
}

/** The report's groups of fields, separated by blank lines: one for the email, then one per recipient. */
function fieldGroups(content: Buffer): ReadonlyMap<string, string>[] {
  return content
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .map((block) => {
      const { headers } = readHeaders(withBlankLine(Buffer.from(block.trim())));
      return new Map(
        [...headers].map(([name, [value = '']]) => [name, name === 'action' ? value.toLowerCase() : value]),
      );
    });
}

function withBlankLine(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.from('\r\n\r\n')]);
}
