import {
  startTelegramStandIn,
  type TelegramCall,
  type TelegramFailure,
  type TelegramStandIn,
} from '@mevrik/stand-ins';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { botToken } from '../support/channel-samples.ts';
import { type Killed, prepareKilled } from '../support/killed.ts';
import {
  expectedOutcomes,
  killAtEveryStep,
  type SendingChannel,
  type SendingFailure,
} from '../support/killed-steps.ts';
import { app, type RunningServer } from '../support/server.ts';

const secretToken = 'the-secret-of-the-tests';
let botApi: TelegramStandIn;
let killed: Killed;
beforeEach(async () => {
  botApi = await startTelegramStandIn();
  killed = await prepareKilled({});
});
afterEach(async () => {
  await killed.stop();
  await botApi.stop();
});

let updateId = 0;
function writes(server: RunningServer, person: string, text: string) {
  const number = ++updateId;
  const from = { id: Number(person), first_name: 'Ada' };
  const message = { message_id: number, from, chat: { id: from.id, type: 'private' }, text };
  return server.call('POST', `/webhooks/telegram/${app.key}/bot`, {
    headers: { 'x-telegram-bot-api-secret-token': secretToken },
    body: { update_id: number, message },
  });
}

const failures: Readonly<Record<SendingFailure, TelegramFailure>> = {
  'never answers': { does: 'hang' },
  'accepts without answering': { does: 'wait' },
  'asks to retry later': {
    does: 'refuse',
    status: 429,
    answer: { ok: false, parameters: { retry_after: 600 } },
  },
};
const isTo =
  (person: string, text?: string) =>
  ({ body }: TelegramCall) =>
    body.chat_id === person && (text ?? body.text) === body.text;

it('killed at every step of sending: nothing is lost silently, order is kept, and nothing is duplicated', async () => {
  const telegram: SendingChannel = {
    channel: {
      name: 'bot',
      kind: 'telegram',
      settings: { token: botToken, secretToken, apiUrl: botApi.url },
    },
    // Telegram knows no idempotency key: what is resent may arrive twice.
    inDoubt: 'given up',
    contact: (number) => String(1000 + number),
    writes,
    textsFor: (person) => botApi.textsFor(person).map(String),
    misbehave: (failure, person, text) => botApi.misbehave(failures[failure], isTo(person, text)),
    asked: (person, text) => botApi.asked(isTo(person, text)),
    release: (person) => botApi.release(isTo(person)),
  };
  expect(await killAtEveryStep(killed, telegram)).toEqual(expectedOutcomes(telegram));
}, 240_000);
