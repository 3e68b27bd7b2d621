import fc from 'fast-check';

const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '=?utf-8?B?w7w=?=',
    '=?x?Q?=FF?=',
    '<a@b.example>',
    'a@b.example',
    '"',
    ';',
    ':',
    '\u0000',
    'ü',
    '>',
    ',',
  ),
);
const head = fc
  .tuple(
    fc.constantFrom(
      'From',
      'To',
      'Reply-To',
      'Subject',
      'Message-ID',
      'In-Reply-To',
      'References',
      'Date',
      'Auto-Submitted',
      'Return-Path',
      'List-Id',
      'X',
      '',
    ),
    fc.array(word, { maxLength: 4 }),
  )
  .map(([name, words]) => `${name}: ${words.join(' ')}`);
const type = fc.constantFrom(
  'text/plain',
  'text/html; charset=utf-7',
  'text/plain; charset="x-none"',
  'multipart/mixed; boundary=b',
  'multipart/alternative; boundary="b',
  'multipart/report; report-type=delivery-status; boundary=b',
  'message/delivery-status',
  'message/rfc822',
  'text/rfc822-headers',
  'image/png; name*=utf-8',
  '/',
  '',
);
const encoding = fc.constantFrom('base64', 'quoted-printable', '7bit', 'binary', 'x-uuencode', '');
const body = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.constantFrom(
    '<p>Hi<img src="cid:x"><script>',
    'Action: failed\r\nStatus: 5.1.1',
    'On Monday 1 Vera wrote:\r\n> x',
    '=FF=',
    '/////',
  ),
);
const piece = fc
  .tuple(type, encoding, body)
  .map(
    ([kind, coded, text]) =>
      `--b\r\nContent-Type: ${kind}\r\nContent-Transfer-Encoding: ${coded}\r\n\r\n${text}\r\n`,
  );

/** Emails that are nearly valid: random headers, boundaries, encodings and parts. */
export const randomEmail = fc
  .tuple(
    fc.array(head, { maxLength: 8 }),
    type,
    fc.array(piece, { maxLength: 5 }),
    fc.constantFrom('--b--', '--b', ''),
  )
  .map(([lines, kind, pieces, end]) =>
    Buffer.from(
      `${lines.join('\r\n')}\r\nMIME-Version: 1.0\r\nContent-Type: ${kind}\r\n\r\n${pieces.join('')}${end}`,
      'utf8',
    ),
  );
