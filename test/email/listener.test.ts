import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyEmail } from '../../packages/server/src/channels/email/email-headers.ts';
import {
  type IncomingEmail,
  type SmtpListener,
  type SmtpListenerOptions,
  startSmtpListener,
} from '../../packages/server/src/channels/email/smtp-listener.ts';
import { startEmail } from '../support/email.ts';
import { randomEmail } from '../support/random-email.ts';

const kept: IncomingEmail[] = [];
let listener: SmtpListener;
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  kept.length = 0;
  await listener?.stop();
});

async function start(options: Partial<SmtpListenerOptions> = {}): Promise<void> {
  listener = await startSmtpListener({
    host: '127.0.0.1',
    port: 0,
    name: 'mail.shop.example',
    tls: null,
    maxBytes: 10_000,
    maxConnections: 10,
    maxConnectionsPerAddress: 3,
    find: async (address) =>
      /^(support|sales)(\+.*)?@shop\.example$/.test(address)
        ? { appId: 1, channel: address.startsWith('sales') ? 'sales' : 'support' }
        : undefined,
    store: async (email) => {
      kept.push(email);
      return 'stored';
    },
    log: { warn() {} },
    ...options,
  });
}

/** A connection on which a test sends arbitrary lines. */
async function dial() {
  const socket = connect(listener.port, '127.0.0.1');
  clients.push(socket);
  let output = '';
  let isClosed = false;
  socket.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  // The close event follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  /** The last line of the server's next response. */
  const answer = async () => {
    await expect.poll(() => /^\d{3} .*\r\n/m.test(output) || isClosed).toBe(true);
    const end = /^(\d{3}) .*\r\n/m.exec(output);
    output = output.slice((end?.index ?? 0) + (end?.[0].length ?? 0));
    return end?.[1];
  };
  const says = async (line: string) => {
    socket.write(`${line}\r\n`);
    return answer();
  };
  return {
    socket,
    answer,
    says,
    /** Everything before the message itself. */
    async begins(recipients = ['support@shop.example']) {
      await answer();
      await says('EHLO client.example');
      await says('MAIL FROM:<vera@home.example>');
      for (const recipient of recipients) await says(`RCPT TO:<${recipient}>`);
      return says('DATA');
    },
    isClosed: () => isClosed,
  };
}

describe('an incoming email', () => {
  it('that is interrupted is not stored', async () => {
    await start();
    const client = await dial();
    expect(await client.begins()).toBe('354');
    client.socket.write('From: vera@home.example\r\n\r\nHalf a ma');
    client.socket.destroy();
    const other = await dial();
    await other.begins();
    expect(await other.says('From: max@home.example\r\n\r\nwhole\r\n.')).toBe('250');
    expect(kept.map(({ raw }) => raw.toString())).toEqual(['From: max@home.example\r\n\r\nwhole\r\n']);
  });

  it('that is too large is rejected at its end, and the connection stays usable', async () => {
    await start();
    const client = await dial();
    await client.begins();
    expect(await client.says(`${`${'x'.repeat(70)}\r\n`.repeat(1_000)}.`)).toBe('552');
    expect(await client.says('MAIL FROM:<vera@home.example>')).toBe('250');
    expect(await client.says('RCPT TO:<support@shop.example>')).toBe('250');
    expect(await client.says('DATA')).toBe('354');
    expect(await client.says('short\r\n.')).toBe('250');
    expect(kept).toHaveLength(1);
  });

  it('is accepted only after it was stored', async () => {
    await start({ store: () => Promise.reject(new Error('the disk is full')) });
    const client = await dial();
    await client.begins();
    expect(await client.says('hello\r\n.')).toBe('451');
  });

  it('is deferred if its recipient cannot be looked up', async () => {
    await start({ find: () => Promise.reject(new Error('no database')) });
    const client = await dial();
    await client.answer();
    await client.says('EHLO client.example');
    await client.says('MAIL FROM:<vera@home.example>');
    expect(await client.says('RCPT TO:<support@shop.example>')).toBe('451');
  });

  it('to several addresses is stored once for each channel', async () => {
    await start();
    const client = await dial();
    await client.begins(['support@shop.example', 'support+x@shop.example', 'sales@shop.example']);
    await client.says('hello\r\n.');
    expect(kept.map(({ recipients }) => recipients.map(({ channel }) => channel))).toEqual([
      ['support', 'sales'],
    ]);
  });

  it('can have no sender, like bounces', async () => {
    await start();
    const client = await dial();
    await client.answer();
    await client.says('EHLO client.example');
    expect(await client.says('MAIL FROM:<>')).toBe('250');
    await client.says('RCPT TO:<support@shop.example>');
    await client.says('DATA');
    expect(await client.says('hello\r\n.')).toBe('250');
    expect(kept[0]?.sender).toBe('');
  });
});

describe('the SMTP listener', () => {
  it('relays nothing, and offers neither authentication nor STARTTLS without a certificate', async () => {
    await start();
    const client = await dial();
    await client.answer();
    await client.says('EHLO client.example');
    expect(await client.says('AUTH PLAIN AGEAYg==')).toMatch(/^5/);
    expect(await client.says('STARTTLS')).toMatch(/^5/);
    await client.says('MAIL FROM:<support@shop.example>');
    expect(await client.says('RCPT TO:<victim@elsewhere.example>')).toBe('550');
    expect(await client.says('DATA')).toBe('503');
  });

  it('rejects clients with too many connections', async () => {
    await start();
    const three = [await dial(), await dial(), await dial()];
    for (const client of three) expect(await client.answer()).toBe('220');
    const fourth = await dial();
    expect(await fourth.answer()).toBe('421');
    three[0]?.socket.end();
    await expect.poll(async () => (await dial()).answer()).toBe('220');
  });

  it('accepts at most fifty recipients', async () => {
    await start();
    const client = await dial();
    await client.answer();
    await client.says('EHLO client.example');
    await client.says('MAIL FROM:<vera@home.example>');
    for (let number = 0; number < 50; number++) {
      expect(await client.says(`RCPT TO:<support+${number}@shop.example>`)).toBe('250');
    }
    expect(await client.says('RCPT TO:<support+51@shop.example>')).toBe('452');
  });

  it('disconnects idle clients', async () => {
    await start({ times: { idleMs: 100 } });
    const client = await dial();
    await expect.poll(client.isClosed).toBe(true);
  });

  it('disconnects clients that send endlessly', async () => {
    await start({ times: { connectionMs: 400 } });
    const client = await dial();
    await client.begins();
    const drip = setInterval(() => client.socket.write('x'), 20);
    await expect.poll(client.isClosed).toBe(true);
    clearInterval(drip);
    expect(kept).toEqual([]);
  });

  it('receives encrypted emails with a certificate', async () => {
    const { default: testCertificate } = createRequire(import.meta.url)('smtp-server/lib/tls-options');
    const { key, cert } = testCertificate({});
    await start({ tls: { key, cert } });
    const transport = createTransport({
      host: '127.0.0.1',
      port: listener.port,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    });
    await transport.sendMail({ from: 'vera@home.example', to: 'support@shop.example', text: 'hush' });
    transport.close();
    expect(kept[0]?.raw.toString()).toContain('hush');
  });

  it('finishes the current email before it stops', async () => {
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({
      store: async (email) => {
        await waiting;
        kept.push(email);
        return 'stored';
      },
    });
    const client = await dial();
    await client.begins();
    client.socket.write('hello\r\n.\r\n');
    const stopped = listener.stop();
    release();
    expect(await client.answer()).toBe('250');
    client.socket.end();
    await stopped;
    expect(kept).toHaveLength(1);
  });
});

/** The deduplication key of an email, independent of surrounding whitespace. */
const identityOf = (email: string) => identifyEmail(Buffer.from(email, 'latin1')).deduplicationKey;

describe('any email', () => {
  it('is stored and processed', async () => {
    const product = await startEmail();
    try {
      const emails = fc.sample(randomEmail, { numRuns: 80, seed: 7 });
      const transport = createTransport({
        host: '127.0.0.1',
        port: product.smtpPort,
        ignoreTLS: true,
        pool: true,
      });
      await Promise.all(
        emails.map((raw, number) =>
          transport.sendMail({
            envelope: { from: `s${number}@home.example`, to: 'support@shop.example' },
            raw,
          }),
        ),
      );
      transport.close();
      const states = async () => new Set((await product.kept()).map(({ status }) => status));
      await expect.poll(async () => (await states()).has('received')).toBe(false);
      const written = new Set(emails.map((raw) => raw.toString('latin1').trim()));
      const bytes = (await product.kept()).map(({ raw }) => raw.toString('latin1').trim());
      expect(bytes.filter((one) => !written.has(one))).toEqual([]);
      // Every missing one is a duplicate of one that is stored.
      const known = new Set(bytes.map(identityOf));
      expect([...written].filter((one) => !known.has(identityOf(one)))).toEqual([]);
      expect((await product.call('GET', '/readyz')).status).toBe(200);
    } finally {
      await product.stop();
    }
  });
});
