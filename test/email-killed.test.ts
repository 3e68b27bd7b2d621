import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../packages/server/src/db/database.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../scripts/stand-ins/smtp-stand-in.ts';
import {
  appEnv,
  cleanUp,
  type RunningServer,
  setUp,
  startServer,
  stop,
  temporaryDatabase,
} from './support/server.ts';

const support = 'support@shop.example';
const patience = { timeout: 40_000 };
let post: SmtpStandIn;
let database: ReturnType<typeof openDatabase>;
let url: string;
beforeEach(async () => {
  post = await startSmtpStandIn();
  const made = await temporaryDatabase();
  url = made.url;
  database = openDatabase(made.connection, { maxConnections: 2, applicationName: 'test' });
});
afterEach(async () => {
  await database.close();
  await cleanUp();
  await post.stop();
});

interface MailServer extends RunningServer {
  readonly smtpPort: number;
}

async function start(): Promise<MailServer> {
  const server = await startServer({ DATABASE_URL: url, SMTP_PORT: '0', LOG_LEVEL: 'warn', ...appEnv });
  return { ...server, smtpPort: Number(/come in on port (\d+)/.exec(server.said())?.[1]) };
}

/** Starts a server whose app has a channel, and hands every conversation over. @returns what an administrator may. */
async function first() {
  const server = await start();
  const token = await setUp(server);
  const call = (on: RunningServer, method: string, path: string, body: unknown) =>
    on.call(method, path, { token, body });
  const delivery = { firstDelayMs: 10, longestDelayMs: 50, timeoutMs: 500, doubtMs: 10 };
  await call(server, 'PATCH', '/v1/admin/apps/1', { settings: { welcome: false, delivery } });
  const rules = [{ name: 'all', when: 'true', action: 'queue' }];
  await call(server, 'PUT', '/v1/admin/apps/1/rules', { rules });
  const smtp = { host: '127.0.0.1', port: post.port, tls: 'none', laterMinutes: 0 };
  const channel = { kind: 'email', settings: { address: support, smtp } };
  const { status } = await call(server, 'PUT', '/v1/admin/apps/1/channels/mail', channel);
  expect(status).toBe(200);
  return { server, call };
}

const stored = async () => {
  const rows = await database.sql<{ text: string }[]>`
    SELECT content ->> 'text' AS text FROM messages WHERE NOT is_reply ORDER BY id`;
  return rows.map(({ text }) => text);
};

it('a mail whose sender is killed before it is told that it was taken goes out again, as the same one, and in its order', async () => {
  const { server, call } = await first();
  const client = createTransport({ host: '127.0.0.1', port: server.smtpPort, ignoreTLS: true });
  await client.sendMail({ from: 'vera@home.example', to: support, text: 'hello' });
  client.close();
  await expect.poll(() => post.sent.length, patience).toBe(1);
  const [session] = await database.sql<{ id: number }[]>`SELECT id FROM sessions`;
  post.misbehave({ does: 'wait' });
  await call(server, 'POST', `/v1/sessions/${session?.id}/replies`, { text: 'first' });
  await call(server, 'POST', `/v1/sessions/${session?.id}/replies`, { text: 'second' });
  await expect.poll(() => post.textsFor('vera@home.example').at(-1), patience).toBe('first');
  await stop(server, 'SIGKILL');

  await start();
  const texts = () => post.textsFor('vera@home.example').slice(1);
  await expect.poll(texts, patience).toEqual(['first', 'first', 'second']);
  const [one, again] = post.sent.slice(1);
  expect(again?.mail.messageId).toBe(one?.mail.messageId);
  const outcomes = async () => {
    const attempts = await database.sql<{ outcome: string }[]>`
      SELECT outcome FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
      JOIN messages ON messages.id = message_id WHERE content ->> 'text' = 'first' ORDER BY delivery_attempts.id`;
    return attempts.map(({ outcome }) => outcome);
  };
  await expect.poll(outcomes, patience).toEqual(['doubtful', 'sent']);
});

it('a mail that was answered with 250 becomes a message, whenever the server is killed', async () => {
  const { server } = await first();
  const taken: string[] = [];
  const texts = Array.from({ length: 60 }, (_, number) => `mail ${number}`);
  const client = createTransport({ host: '127.0.0.1', port: server.smtpPort, ignoreTLS: true, pool: true });
  let killed: Promise<unknown> | undefined;
  await Promise.allSettled(
    texts.map(async (text, number) => {
      await client.sendMail({ from: `vera${number % 7}@home.example`, to: support, text });
      taken.push(text);
      if (taken.length === 25) killed = stop(server, 'SIGKILL');
    }),
  );
  client.close();
  await killed;
  expect(taken.length).toBeGreaterThanOrEqual(25);

  await start();
  const missing = async () => {
    const known = await stored();
    return taken.filter((text) => !known.includes(text));
  };
  await expect.poll(missing, { timeout: 100_000 }).toEqual([]);
  const all = await stored();
  expect(new Set(all).size).toBe(all.length);
}, 150_000);
