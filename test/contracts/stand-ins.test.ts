import { readdirSync, readFileSync } from 'node:fs';
import { startGraphStandIn, startSmtpStandIn, startStandIns, startTelegramStandIn } from '@mevrik/stand-ins';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';

/** A stand-in as the contract uses it. */
interface Subject {
  /** Sends a text to a customer. @returns whether the stand-in accepted it. */
  send(text: string, token: string): Promise<boolean>;
  /** Makes the stand-in reject this token, or password, from now on. */
  revoke(token: string): void;
  /** The texts that it has recorded, oldest first. */
  recorded(): readonly unknown[];
  stop(): Promise<void>;
}

const token = `900:${'t'.repeat(30)}`;

/** By the name of the file, without `-stand-in`. */
const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  async graph() {
    const { url, textsFor, revoke, stop } = await startGraphStandIn();
    return {
      send: (text, given) =>
        post(
          `${url}/104/messages`,
          { recipient: { id: 'vera' }, messaging_type: 'RESPONSE', message: { text } },
          { authorization: `Bearer ${given}` },
        ),
      revoke,
      recorded: () => textsFor('vera'),
      stop,
    };
  },
  async telegram() {
    const { url, textsFor, revoke, stop } = await startTelegramStandIn();
    return {
      send: (text, given) => post(`${url}/bot${given}/sendMessage`, { chat_id: '42', text }),
      revoke,
      recorded: () => textsFor('42'),
      stop,
    };
  },
  async smtp() {
    const { port, textsFor, lockOut, stop } = await startSmtpStandIn();
    return {
      async send(text, pass) {
        const transport = createTransport({ host: '127.0.0.1', port, auth: { user: 'shop', pass } });
        try {
          await transport.sendMail({ from: 'shop@example.com', to: 'vera@example.com', text });
          return true;
        } catch (error) {
          expect(error).toMatchObject({ responseCode: 535 });
          return false;
        } finally {
          transport.close();
        }
      },
      revoke: () => lockOut(true),
      recorded: () => textsFor('vera@example.com'),
      stop,
    };
  },
};

const source = new URL('../../packages/stand-ins/src/', import.meta.url);
const running: Subject[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function start(name: string): Promise<Subject> {
  const subject = await subjects[name]?.();
  if (!subject) throw new Error(`Unknown stand-in ${name}.`);
  running.push(subject);
  return subject;
}

describe.each(Object.keys(subjects))('the stand-in %s', (name) => {
  it('records what it receives, in order', async () => {
    const { send, recorded } = await start(name);
    expect(recorded()).toEqual([]);
    for (const text of ['first', 'second']) expect(await send(text, token)).toBe(true);
    expect(recorded()).toEqual(['first', 'second']);
  });

  it('rejects a token that is not valid, and records nothing of it', async () => {
    const { send, revoke, recorded } = await start(name);
    await send('before', token);
    revoke(token);
    expect(await send('after', token)).toBe(false);
    expect(recorded()).toEqual(['before']);
  });

  it('is started with the others by `npm run stand-ins`', () => {
    expect(readFileSync(new URL('start-stand-ins.ts', source), 'utf8')).toContain(`./${name}-stand-in.ts`);
  });
});

describe('the stand-ins', () => {
  it('all have this contract', () => {
    const names = readdirSync(source).flatMap((file) => /^(.+)-stand-in\.ts$/.exec(file)?.[1] ?? []);
    expect(names.sort()).toEqual(Object.keys(subjects).sort());
  });

  it('started together, show what they have received and reject a revoked token', async () => {
    const { graphUrl, telegramUrl, stop } = await startStandIns();
    try {
      const send = (text: string) => post(`${telegramUrl}/bot${token}/sendMessage`, { chat_id: '42', text });
      expect(await send('first')).toBe(true);
      expect(await post(`${graphUrl}/stand-in/token`, { token, isGood: false })).toBe(true);
      expect(await send('second')).toBe(false);
      const shown = await (await fetch(`${graphUrl}/stand-in/telegram`)).json();
      expect(shown).toEqual([{ method: 'sendMessage', body: { chat_id: '42', text: 'first' } }]);
    } finally {
      await stop();
    }
  });
});

/** Posts JSON. @returns whether the response was a success, and otherwise that it was a rejection of the token. */
async function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  if (!response.ok) expect(response.status).toBe(401);
  return response.ok;
}
