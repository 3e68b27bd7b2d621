import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomEmail } from '../../../../../test/support/random-email.ts';
import { identifyEmail } from './email-headers.ts';
import { readEmail } from './read-email.ts';
import { renderEmail } from './render-email.ts';

const headers =
  'From: Vera <vera@home.example>\r\nTo: support@shop.example\r\nMessage-ID: <a@home.example>\r\n';
const read = (rest: string | Buffer) =>
  readEmail(Buffer.concat([Buffer.from(headers), Buffer.from(rest)]), 'vera@home.example');
const part = (type: string, body: Buffer | string, encoding = '8bit') =>
  Buffer.concat([
    Buffer.from(
      `MIME-Version: 1.0\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);

describe('the text of an email', () => {
  it.each<[what: string, text: string, email: Buffer]>([
    ['UTF-8', 'Grüße', part('text/plain; charset=utf-8', 'Grüße')],
    ['Latin-1', 'Grüße', part('text/plain; charset=iso-8859-1', Buffer.from('Gr\xfc\xdfe', 'latin1'))],
    [
      'Windows',
      '„Grüße“ €',
      part('text/plain; charset="windows-1252"', Buffer.from('\x84Gr\xfc\xdfe\x93 \x80', 'latin1')),
    ],
    [
      'Cyrillic',
      'Привет',
      part('text/plain; charset=koi8-r', Buffer.from([0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4])),
    ],
    ['Japanese', '日本', part('text/plain; charset=iso-2022-jp', Buffer.from('\x1b$BF|K\\\x1b(B', 'latin1'))],
    ['Shift-JIS', '日本', part('text/plain; charset=shift_jis', Buffer.from([0x93, 0xfa, 0x96, 0x7b]))],
    ['GBK', '中文', part('text/plain; charset=gb2312', Buffer.from([0xd6, 0xd0, 0xce, 0xc4]))],
    [
      'quoted-printable',
      'Grüße = fine',
      part('text/plain; charset=utf-8', 'Gr=C3=BC=C3=9Fe =3D fi=\r\nne', 'quoted-printable'),
    ],
    ['base64', 'Grüße', part('text/plain; charset=utf-8', Buffer.from('Grüße').toString('base64'), 'base64')],
    ['HTML only', 'Grüße\n\nBye', part('text/html; charset=utf-8', '<p>Gr&uuml;&szlig;e</p><p>Bye</p>')],
    ['format=flowed', 'one two', part('text/plain; charset=utf-8; format=flowed', 'one \r\ntwo')],
  ])('in %s', async (_what, text, email) => {
    expect((await read(email)).text).toBe(text);
  });

  it('is read in an unknown character set', async () => {
    const { text } = await read(part('text/plain; charset=x-klingon', 'nuqneH'));
    expect(text).toBe('nuqneH');
  });

  it('is empty if there is none', async () => {
    expect((await read('\r\n')).text).toBe('');
    expect((await read('')).text).toBe('');
  });
});

describe('an email that cannot be parsed', () => {
  it('is shown with its headers and raw body, and says why', async () => {
    const parts = '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n'.repeat(1_100);
    const email = await read(
      `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts}`,
    );
    expect(email.author?.address).toBe('vera@home.example');
    expect(email.wholeText).toContain('hello');
    expect(email.parserError?.message).toBe('Max allowed child nodes exceeded');
    expect((await read('\r\nhello')).parserError).toBeNull();
  });
});

describe('the attachments of an email', () => {
  const mixed = (...parts: string[]) =>
    `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts.map((one) => `--b\r\n${one}\r\n`).join('')}--b--\r\n`;

  it('are read with their names in all encodings', async () => {
    const { files, text } = await read(
      mixed(
        'Content-Type: text/plain\r\n\r\nSee below.',
        'Content-Type: application/pdf; name="=?utf-8?Q?B=C3=A4r.pdf?="\r\nContent-Disposition: attachment\r\n\r\npdf',
        "Content-Type: image/png\r\nContent-Disposition: attachment; filename*=UTF-8''B%C3%A4r.png\r\n\r\npng",
        'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="../../etc/passwd"\r\n\r\nx',
        'Content-Type: nonsense\r\nContent-Disposition: attachment\r\n\r\nx',
        'Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n\r\nInside.',
      ),
    );
    expect(text).toBe('See below.');
    expect(files.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['Bär.pdf', 'application/pdf'],
      ['Bär.png', 'image/png'],
      ['.. .. etc passwd', 'text/plain'],
      ['file', 'application/octet-stream'],
      ['email.eml', 'message/rfc822'],
    ]);
  });

  it.each([
    ['a missing boundary', 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nhello'],
    ['no end', 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello'],
    ['broken base64', 'Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!==='],
    [
      'deeply nested parts',
      `${'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'.repeat(300)}\r\nhello`,
    ],
    ['a head that never ends', `Subject: ${'x'.repeat(2_000_000)}`],
    ['headers beyond number', 'X-A: 1\r\n'.repeat(60_000)],
    ['bytes that are no text', 'Subject: \u0000\u0001\r\n\r\n\u0000\u0000'],
  ])('are read as far as possible with %s', async (_what, rest) => {
    expect((await read(rest)).author).toEqual({ address: 'vera@home.example', name: 'Vera' });
  });
});

describe('the author of an email', () => {
  it.each<[head: string, author: { address: string; name: string | null } | null]>([
    [
      'From: =?iso-8859-1?Q?Vera_B=E4r?= <Vera@Home.Example>',
      { address: 'vera@home.example', name: 'Vera Bär' },
    ],
    ['From: vera@home.example (Vera)', { address: 'vera@home.example', name: 'Vera' }],
    ['From: "Bär, Vera" <vera@home.example>', { address: 'vera@home.example', name: 'Bär, Vera' }],
    ['From: Family: vera@home.example, max@home.example;', { address: 'vera@home.example', name: null }],
    ['From: vera@bücher.example', { address: 'vera@xn--bcher-kva.example', name: null }],
    ['From: shop@forms.example\r\nReply-To: vera@home.example', { address: 'vera@home.example', name: null }],
    ['From: vera@home.example\r\nReply-To: nonsense', { address: 'vera@home.example', name: null }],
    ['From: undisclosed', null],
    ['Subject: none', null],
  ])('%s', async (head, author) => {
    expect((await readEmail(Buffer.from(`${head}\r\n\r\nhello`), null)).author).toEqual(author);
  });
});

describe('the identity of an email', () => {
  const id = (raw: string) => identifyEmail(Buffer.from(raw));

  it('is the same for every copy, whatever headers servers have added', () => {
    const email = 'From: vera@home.example\r\nMessage-ID: <a@b>\r\nSubject: x\r\n\r\nhello';
    expect(id(`Received: by mx\r\n\tat noon\r\n${email}`).deduplicationKey).toBe(id(email).deduplicationKey);
    const nameless = 'From: vera@home.example\r\nDate: today\r\n\r\nhello';
    expect(id(`Received: by mx\r\n${nameless}`).deduplicationKey).toBe(id(nameless).deduplicationKey);
    expect(id(`${nameless}!`).deduplicationKey).not.toBe(id(nameless).deduplicationKey);
  });

  it('differs for another sender', () => {
    const email = (from: string) => `From: ${from}\r\nMessage-ID: <a@b>\r\n\r\nhello`;
    expect(id(email('vera@home.example')).deduplicationKey).not.toBe(
      id(email('max@home.example')).deduplicationKey,
    );
  });

  it('contains no malformed Message-ID', () => {
    expect(id('Message-ID: none\r\n\r\n').messageId).toBeNull();
    expect(id(`Message-ID: <${'x'.repeat(400)}@b>\r\n\r\n`).messageId).toBeNull();
    expect(id('Message-ID:\r\n <folded@b>\r\n\r\n').messageId).toBe('<folded@b>');
  });
});

describe('any input', () => {
  it('is parsed, rendered and identified without throwing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(randomEmail, fc.uint8Array({ maxLength: 400 }).map(Buffer.from)),
        async (raw) => {
          const email = await readEmail(raw, null);
          expect(email.wholeText.trim() === '' || email.text !== '').toBe(true);
          const shown = await renderEmail(raw);
          expect(shown.html ?? '').not.toMatch(/<script|onerror=|javascript:/i);
          expect(identifyEmail(raw)).toEqual(identifyEmail(raw));
        },
      ),
      { numRuns: 400 },
    );
  });
});
