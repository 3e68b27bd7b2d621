import { type SmtpFailure, type SmtpStandIn, startSmtpStandIn } from '@mevrik/stand-ins';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { support } from '../support/email.ts';
import { type Killed, prepareKilled } from '../support/killed.ts';
import {
  expectedOutcomes,
  killAtEveryStep,
  type SendingChannel,
  type SendingFailure,
} from '../support/killed-steps.ts';
import { type RunningServer, stop } from '../support/server.ts';

let post: SmtpStandIn;
let killed: Killed;
beforeEach(async () => {
  post = await startSmtpStandIn();
  killed = await prepareKilled({ SMTP_PORT: '0' });
});
afterEach(async () => {
  await killed.stop();
  await post.stop();
});

/**
 * A channel that sends through the stand-in; each sender that gets no response has a connection of its own.
 */
function channel() {
  const smtp = { host: '127.0.0.1', port: post.port, tls: 'none', connections: 10, laterMinutes: 10 };
  return { name: 'mail', kind: 'email', settings: { address: support, smtp } };
}

/** Sends emails to a server, all of them concurrently. */
function postTo(server: RunningServer) {
  const port = Number(/Email \(SMTP\) +port (\d+)/.exec(server.said())?.[1]);
  return createTransport({ host: '127.0.0.1', port, ignoreTLS: true, pool: true });
}

async function writes(server: RunningServer, from: string, text: string): Promise<void> {
  const client = postTo(server);
  await client.sendMail({ from, to: support, text });
  client.close();
}

const stored = async () => {
  const rows = await killed.database.sql<{ text: string }[]>`
    SELECT content ->> 'text' AS text FROM messages WHERE NOT is_reply ORDER BY id`;
  return rows.map(({ text }) => text);
};

const failures: Readonly<Record<SendingFailure, SmtpFailure>> = {
  'never answers': { does: 'hang', accepts: false },
  'accepts without answering': { does: 'wait' },
  'asks to retry later': { does: 'refuse', code: 451, at: 'data' },
};

it('killed at every step of sending: nothing is lost, order is kept, and duplicates have the same Message-ID and are on record', async () => {
  const email: SendingChannel = {
    channel: channel(),
    inDoubt: 'sent again',
    contact: (number) => `vera${number}@home.example`,
    writes,
    textsFor: (person) => post.textsFor(person),
    misbehave: (failure, person) => post.misbehave(failures[failure], 1, person),
    asked: (person, text) => post.asked(person, text),
    release: (person) => post.release(person),
  };
  const outcomes = await killAtEveryStep(killed, email);
  expect(outcomes).toEqual(expectedOutcomes(email));
  // A recipient can detect a duplicate by its Message-ID: each received three different ones.
  const numbers = post.sent.map(({ email }) => email.messageId);
  const emails = post.sent.map(({ to, email }) => `${email.messageId} ${to} ${email.text}`);
  expect([numbers, emails].map((all) => new Set(all).size)).toEqual(
    Array(2).fill(3 * Object.keys(outcomes).length),
  );
}, 240_000);

it('an email that was accepted with 250 becomes a message, whenever the server is killed', async () => {
  const { server } = await killed.first(channel());
  const taken: string[] = [];
  const texts = Array.from({ length: 60 }, (_, number) => `email ${number}`);
  const client = postTo(server);
  let end: Promise<unknown> | undefined;
  await Promise.allSettled(
    texts.map(async (text, number) => {
      await client.sendMail({ from: `vera${number % 7}@home.example`, to: support, text });
      taken.push(text);
      if (taken.length === 25) end = stop(server, 'SIGKILL');
    }),
  );
  client.close();
  await end;
  expect(taken.length).toBeGreaterThanOrEqual(25);

  await killed.start();
  const missing = async () => {
    const known = await stored();
    return taken.filter((text) => !known.includes(text));
  };
  await expect.poll(missing).toEqual([]);
  const all = await stored();
  expect(new Set(all).size).toBe(all.length);
}, 240_000);
