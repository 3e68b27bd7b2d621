import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail, support } from '../support/email.ts';
import type { Employed } from '../support/product.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
let product: EmailProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startEmail();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

let people = 0;
const statusOf = async (messageId: number) => (await product.deliveryOf(messageId))?.status;

/** Changes the settings of the tests' channel. */
async function configure(settings: Record<string, unknown>, smtp: Record<string, unknown> = {}) {
  const server = { host: '127.0.0.1', port: product.post.port, tls: 'none', laterMinutes: 0, ...smtp };
  return admin.call('PUT', '/v1/admin/apps/1/channels/mail', {
    kind: 'email',
    settings: { address: support, smtp: server, ...settings },
  });
}

async function reply(text: string) {
  const person = `guest-${++people}@home.example`;
  const session = await product.writes(person);
  return { person, message: await product.replies(session, text) };
}

const lastEmailTo = (person: string) => product.post.sent.filter(({ to }) => to === person).at(-1);

describe('a channel with a DKIM key', () => {
  it('signs its emails verifiably', async () => {
    await configure({ dkim: { selector: 'mevrik', privateKey } });
    const { person, message } = await reply('Signed, with an ümlaut.');
    await expect.poll(() => statusOf(message)).toBe('sent');
    const raw = lastEmailTo(person)?.raw.toString('latin1') ?? '';
    expect(raw).toMatch(/d=shop\.example;[^:]* s=mevrik;/);
    expect(verifyDkim(raw)).toBe(true);
    expect(verifyDkim(raw.replace('Signed', 'Forged'))).toBe(false);
    expect(verifyDkim(raw.replace('Subject: ', 'Subject: Not '))).toBe(false);
    await configure({});
  });
});

/** Verifies an `rsa-sha256`, `relaxed/relaxed` signature (RFC 6376) with the tests' public key. */
function verifyDkim(raw: string): boolean {
  const end = raw.indexOf('\r\n\r\n');
  const heads = raw.slice(0, end).split(/\r\n(?![ \t])/);
  const signature = heads.find((head) => /^DKIM-Signature:/i.test(head)) ?? '';
  const tags = new Map(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => {
        const at = tag.indexOf('=');
        return [tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s/g, '')] as const;
      }),
  );
  const relaxedHead = (head: string) => {
    const at = head.indexOf(':');
    const value = head
      .slice(at + 1)
      .replace(/\s+/g, ' ')
      .trim();
    return `${head.slice(0, at).toLowerCase()}:${value}`;
  };
  const lines = raw
    .slice(end + 4)
    .split('\r\n')
    .map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const body = `${lines.join('\r\n').replace(/(\r\n)*$/, '')}\r\n`;
  const hash = createHash('sha256').update(body, 'latin1').digest('base64');
  if (tags.get('a') !== 'rsa-sha256' || tags.get('c') !== 'relaxed/relaxed' || hash !== tags.get('bh'))
    return false;
  const signed = (tags.get('h') ?? '')
    .split(':')
    .map((name) => heads.find((head) => head.toLowerCase().startsWith(`${name.toLowerCase()}:`)))
    .filter((head) => head !== undefined)
    .map(relaxedHead);
  const bare = relaxedHead(signature.replace(/(\bb=)[^;]*$/, '$1'));
  return createVerify('sha256')
    .update([...signed, bare].join('\r\n'), 'latin1')
    .verify(publicKey, tags.get('b') ?? '', 'base64');
}

describe('a channel whose login is rejected', () => {
  it('is down, and sends its waiting emails once it is fixed', async () => {
    await configure({}, { user: 'support', password: 'the password' });
    product.post.lockOut(true);
    const { person, message } = await reply('Are you there?');
    const health = async () => {
      const [row] = await product.database.sql<{ is_down: boolean; reason: string }[]>`
        SELECT is_down, reason FROM channel_health WHERE channel = 'mail'`;
      return row;
    };
    await expect.poll(async () => (await health())?.is_down).toBe(true);
    expect((await health())?.reason).toMatch(/rejected the login.*535/);
    expect((await health())?.reason).not.toContain('the password');
    expect(await statusOf(message)).toBe('queued');
    product.post.lockOut(false);
    await configure({}, { user: 'support', password: 'the right one' });
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(product.post.textsFor(person)).toContain('Are you there?');
    await configure({});
  });
});

describe('a channel without an SMTP server', () => {
  it('fails replies with that reason', async () => {
    await admin.call('PUT', '/v1/admin/apps/1/channels/mail', {
      kind: 'email',
      settings: { address: support },
    });
    const { message } = await reply('Are you there?');
    await expect.poll(() => statusOf(message)).toBe('failed');
    expect((await product.deliveryOf(message))?.error).toMatch(/has no SMTP server/);
    await configure({});
  });
});

describe('the settings of a channel', () => {
  it.each<[string, Record<string, unknown>]>([
    ['settings.address', { address: 'no address' }],
    ['settings.dkim.privateKey', { address: support, dkim: { selector: 's', privateKey: 'no key' } }],
    ['settings.smtp.tls', { address: support, smtp: { host: 'h', tls: 'maybe' } }],
    ['settings.imap.password', { address: support, imap: { host: 'h', user: 'u' } }],
  ])('are rejected with the name of the invalid field: %s', async (path, settings) => {
    const { status, body } = await admin.call('PUT', '/v1/admin/apps/1/channels/other', {
      kind: 'email',
      settings,
    });
    expect([status, body.errors?.[0]?.path]).toEqual([422, path]);
  });

  it('are never returned', async () => {
    await configure({ dkim: { selector: 'mevrik', privateKey } }, { user: 'u', password: 'hush-hush' });
    const { body } = await admin.call('GET', '/v1/admin/apps/1/channels');
    expect(JSON.stringify(body)).not.toMatch(/hush|PRIVATE/);
    await configure({});
  });
});

describe('the record of inbound emails', () => {
  it('lists emails with their results, returns their content, and replays one', async () => {
    const person = `guest-${++people}@home.example`;
    await product.writes(person, { messageId: '<listed@home.example>', text: 'hello' });
    await product.send({ from: support, text: 'from ourselves' });
    const ignored = async () =>
      (await admin.call('GET', '/v1/admin/emails?status=ignored&channel=mail')).body;
    await expect.poll(async () => (await ignored()).counts.ignored).toBe(1);
    expect((await ignored()).items).toEqual([
      expect.objectContaining({ sender: support, note: 'sent from the address of a channel' }),
    ]);
    const { items } = (await admin.call('GET', '/v1/admin/emails?limit=100')).body;
    const listed = items.find(
      ({ messageId }: { messageId: string }) => messageId === '<listed@home.example>',
    );
    expect(listed).toMatchObject({ status: 'handled', recipient: support, sender: person, source: 'smtp' });
    const raw = await admin.call('GET', `/v1/admin/emails/${listed.id}/raw`);
    expect(raw.headers.get('content-type')).toContain('message/rfc822');
    expect(raw.body).toContain('Message-ID: <listed@home.example>');
    expect((await admin.call('POST', `/v1/admin/emails/${listed.id}/replay`)).status).toBe(202);
    const again = async () => (await product.kept()).find(({ id }) => id === listed.id)?.status;
    await expect.poll(again).toBe('handled');
    expect(await product.messagesOf(person)).toHaveLength(1);
    expect((await admin.call('POST', '/v1/admin/emails/999999/replay')).status).toBe(404);
    const agent = await product.employ();
    expect((await agent.call('GET', '/v1/admin/emails')).status).toBe(403);
  });
});
