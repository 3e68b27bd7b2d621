import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEmail } from './read-email.ts';

const original =
  'From: support@shop.example\r\nMessage-ID: <mevrik.7.0.abc@shop.example>\r\nSubject: Re: x\r\n';

function report(fields: string, part = `Content-Type: text/rfc822-headers\r\n\r\n${original}`) {
  return [
    'From: MAILER-DAEMON@mx.example',
    'To: support@shop.example',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Sorry.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    fields,
    '--b',
    part,
    '--b--',
    '',
  ].join('\r\n');
}
const read = async (text: string) => (await readEmail(Buffer.from(text), '')).report;
const fields = (action: string, status: string, rest = '') =>
  `Final-Recipient: rfc822; vera@home.example\r\nAction: ${action}\r\nStatus: ${status}\r\n${rest}`;

describe('a delivery report', () => {
  it.each([
    ['failed', '5.1.1', 'failed'],
    ['Failed', '5.0.0', 'failed'],
    ['failed', '4.4.7', 'other'],
    ['delayed', '4.4.1', 'delayed'],
    ['delivered', '2.0.0', 'other'],
    ['relayed', '2.0.0', 'other'],
  ])('with action %s and status %s is: %s', async (action, status, outcome) => {
    const found = await read(report(fields(action, status)));
    expect(found).toMatchObject({ about: '<mevrik.7.0.abc@shop.example>', outcome, status });
  });

  it('has the server’s explanation in one line', async () => {
    const words = 'Diagnostic-Code: smtp; 550 5.1.1\r\n <vera@home.example> unknown\r\n';
    expect((await read(report(fields('failed', '5.1.1', words))))?.reason).toBe(
      '550 5.1.1 <vera@home.example> unknown',
    );
  });

  it('can contain the whole original email', async () => {
    const whole = `Content-Type: message/rfc822\r\n\r\n${original}\r\nThe text.\r\n`;
    expect((await read(report(fields('failed', '5.1.1'), whole)))?.about).toBe(
      '<mevrik.7.0.abc@shop.example>',
    );
  });

  it('names the failed recipient of several', async () => {
    const both = `${fields('delivered', '2.0.0')}\r\n${fields('failed', '5.2.2')}`;
    expect(await read(report(both))).toMatchObject({ outcome: 'failed', status: '5.2.2' });
  });

  it('can lack the original email', async () => {
    expect(
      (await read(report(fields('failed', '5.1.1'), 'Content-Type: text/plain\r\n\r\nnothing')))?.about,
    ).toBeNull();
  });

  it('of another type is ignored', async () => {
    expect(
      await read(report(fields('failed', '5.1.1')).replace('delivery-status;', 'disposition-notification;')),
    ).toBeNull();
    expect(await read(report('nonsense'))).toBeNull();
  });
});

it('reads malformed reports without throwing', async () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      'failed',
      'delayed',
      '5.1.1',
      '4.4.1',
      '9.9.9',
      'smtp; 550 no',
      '<a@b>',
      '\r\n\r\n',
      '\u0000',
    ),
  );
  const line = fc
    .tuple(
      fc.constantFrom('Final-Recipient', 'Action', 'Status', 'Diagnostic-Code', 'Message-ID', 'X', ''),
      fc.array(word, { maxLength: 3 }),
    )
    .map(([name, words]) => `${name}: ${words.join(' ')}`);
  const block = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\r\n'));
  const part = fc
    .tuple(fc.constantFrom('message/rfc822', 'text/rfc822-headers', 'message/global', 'text/plain'), block)
    .map(([type, headers]) => `Content-Type: ${type}\r\n\r\n${headers}`);
  await fc.assert(
    fc.asyncProperty(block, part, async (said, original) => {
      const found = await read(report(said, original));
      if (found === null) return;
      expect(found.about ?? '<a>').toMatch(/^<[^<>\s]+>$/);
      expect(found.status ?? '5.0.0').toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
      expect(found.reason.length).toBeGreaterThan(0);
      expect(found.reason.length).toBeLessThanOrEqual(500);
      if (found.status?.startsWith('4')) expect(found.outcome).not.toBe('failed');
    }),
    { numRuns: 500 },
  );
});
