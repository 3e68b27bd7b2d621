import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@mevrik/client';
import { startTelegramStandIn } from '@mevrik/stand-ins';
import { botToken } from '../support/channel-samples.ts';
import { startNetwork, type TestNetwork } from '../support/network.ts';
import { pauseMs } from './repeat.ts';
import { attemptMs } from './write.ts';

const channel = { name: 'telegram', kind: 'telegram' };
const secretToken = 'the-secret-of-the-runs';
/** How a reply of the HTTP bot begins; the question follows. */
const replyTo = 'Reply to';
/** How long the bot thinks. */
const botMs = 200;
/** Replies that got no answer are sent again soon: a run lasts seconds. */
const delivery = { firstDelayMs: 100, longestDelayMs: 1_000, timeoutMs: 2_000, doubtMs: 500 };

/** An administrator of the nodes. */
interface Administrator {
  readonly url: string;
  readonly token: string;
}

/** Telegram, and an app whose Telegram channel is answered by an HTTP bot. */
export interface ChaosTelegram {
  readonly appId: number;
  readonly appKey: string;
  /** Between the nodes and Telegram. */
  readonly network: TestNetwork;
  /** The texts that a contact has received, oldest first. */
  received(contact: string): readonly string[];
  /** Has them receive a text that no node has sent. */
  send(contact: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both, and creates the app. */
export async function startTelegram(administrator: Administrator): Promise<ChaosTelegram> {
  const standIn = await startTelegramStandIn();
  const network = await startNetwork(Number(new URL(standIn.url).port));
  const bot = createServer((request, response) => {
    json(request)
      .then(async (turn) => {
        // Long enough for a node to be killed meanwhile.
        await delay(botMs);
        const { text } = (turn as { message: { content: { text: string } } }).message.content;
        response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ replies: [{ text: `${replyTo} ${text}` }] }));
      })
      // A node that was killed while it asked.
      .catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(bot, 'listening');
  const botUrl = `http://127.0.0.1:${(bot.address() as AddressInfo).port}/`;
  const { admin } = createClient({ appKey: '', ...administrator }).rest;
  const app = await admin.createApp({ name: 'Telegram' });
  await admin.changeApp(app.id, { settings: { welcome: false, delivery } });
  await admin.putBot(app.id, { kind: 'http', url: botUrl });
  const settings = { token: botToken, secretToken, apiUrl: network.url };
  await admin.putChannel(app.id, channel.name, { kind: channel.kind, settings });
  return {
    appId: app.id,
    appKey: app.key,
    network,
    received: (contact) => standIn.textsFor(contact).map(String),
    async send(contact, text) {
      const body = JSON.stringify({ chat_id: contact, text });
      await fetch(`${standIn.url}/bot${botToken}/sendMessage`, { method: 'POST', body });
    },
    async stop() {
      network.stop();
      bot.closeAllConnections();
      bot.close();
      await standIn.stop();
    },
  };
}

/** A customer on Telegram. Telegram repeats each update until it is accepted, and only then sends the next one. */
export class ChaosContact {
  /** Their id at Telegram. */
  readonly id: string;
  readonly telegram: ChaosTelegram;
  /** The questions that were accepted, in the order in which they were written. */
  readonly accepted: string[] = [];
  /** Answers that mean neither "accepted" nor "try again later". */
  readonly wrong: string[] = [];
  readonly #address: string;
  #updates = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, telegram: ChaosTelegram, id: number) {
    this.id = String(id);
    this.telegram = telegram;
    this.#address = `${url}/webhooks/telegram/${telegram.appKey}/${channel.name}`;
  }

  /** Asks a question, after what was written before. @returns it once it was accepted. */
  write(signal: AbortSignal): Promise<string | undefined> {
    const written = this.#last.then(() => this.#write(signal));
    this.#last = written;
    return written;
  }

  /** The reply that a question gets. */
  replyTo(question: string): string {
    return `${replyTo} ${question}`;
  }

  /** Whether they have received the reply to a question, or to a later one: a reply may be lost with a doubt. */
  hasReply(question: string): boolean {
    const since = this.accepted.slice(this.accepted.indexOf(question));
    const received = this.telegram.received(this.id);
    return since.some((one) => received.includes(this.replyTo(one)));
  }

  /** How many questions were accepted since the last one whose reply they have received. */
  unanswered(): number {
    const received = new Set(this.telegram.received(this.id));
    const last = this.accepted.findLastIndex((one) => received.has(this.replyTo(one)));
    return this.accepted.length - 1 - last;
  }

  async #write(signal: AbortSignal): Promise<string | undefined> {
    this.#updates += 1;
    const number = Number(this.id) * 1_000 + this.#updates;
    const text = `Question ${number}`;
    const from = { id: Number(this.id), first_name: 'Ada' };
    const message = { message_id: number, from, chat: { id: from.id, type: 'private' }, text };
    while (!signal.aborted) {
      try {
        const { status } = await fetch(this.#address, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secretToken },
          body: JSON.stringify({ update_id: number, message }),
          signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
        });
        if (status === 200) {
          this.accepted.push(text);
          return text;
        }
        if (status < 500 && status !== 429)
          this.wrong.push(`${text}: the webhook was answered with ${status}`);
      } catch {
        // No node answers: Telegram tries again.
      }
      await delay(pauseMs);
    }
    return undefined;
  }
}
