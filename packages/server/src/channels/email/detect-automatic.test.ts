import { describe, expect, it } from 'vitest';
import { readEmail } from './read-email.ts';

async function automatic(headers: readonly string[], returnPath: string | null = 'vera@home.example') {
  const all = headers.some((head) => head.startsWith('From:'))
    ? headers
    : ['From: vera@home.example', ...headers];
  return (await readEmail(Buffer.from(`${all.join('\r\n')}\r\n\r\nhello\r\n`), returnPath)).automatic;
}

describe('an automatic email', () => {
  it.each<[expected: 'reply' | 'bulk', headers: string[]]>([
    ['reply', ['Auto-Submitted: auto-replied']],
    ['reply', ['Auto-Submitted: auto-replied; owner-email="vera@home.example"']],
    ['reply', ['Auto-submitted: AUTO-REPLIED (vacation)']],
    ['reply', ['Auto-Submitted: auto-generated', 'In-Reply-To: <a@shop.example>']],
    ['bulk', ['Auto-Submitted: auto-generated']],
    ['reply', ['Precedence: auto_reply']],
    ['reply', ['X-Autoreply: yes']],
    ['reply', ['X-Autorespond: absent']],
    ['bulk', ['Precedence: bulk']],
    ['bulk', ['Precedence: List']],
    ['bulk', ['Precedence: junk']],
    ['bulk', ['X-Auto-Response-Suppress: All']],
    ['bulk', ['X-Auto-Response-Suppress: OOF, AutoReply']],
    ['bulk', ['X-Loop: 1']],
    ['bulk', ['List-Id: <offers.shop.example>']],
    ['bulk', ['List-Unsubscribe: <mailto:off@shop.example>']],
    ['bulk', ['From: MAILER-DAEMON@home.example']],
    ['bulk', ['From: Postmaster@home.example']],
    ['bulk', ['From: Shop <no-reply@shop.example>']],
    ['bulk', ['From: noreply@shop.example']],
    ['bulk', ['From: noreply-orders@shop.example']],
    ['bulk', ['From: do-not-reply@shop.example']],
    ['bulk', ['From: vera@home.example', 'Reply-To: noreply@home.example']],
  ])('is a %s with %j', async (expected, headers) => {
    expect(await automatic(headers)).toBe(expected);
  });

  it('is a reply if its envelope has no sender', async () => {
    expect(await automatic([], '')).toBe('reply');
    expect(await automatic(['Return-Path: <>'], null)).toBe('reply');
  });
});

describe('an email that a person wrote', () => {
  it.each<string[][]>([
    [[]],
    [['Auto-Submitted: no']],
    [['Precedence: first-class']],
    [['X-Auto-Response-Suppress: None']],
    [['From: noreplying.norbert@home.example']],
    [['In-Reply-To: <a@shop.example>', 'Return-Path: <vera@home.example>']],
  ])('%j', async (headers) => {
    expect(await automatic(headers)).toBeNull();
  });
});
