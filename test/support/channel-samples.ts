import { createHmac } from 'node:crypto';
import { signWebhook } from '@mevrik/stand-ins';
import type {
  ChannelAdapter,
  ChannelFiles,
  OutboundMessage,
} from '../../packages/server/src/channels/channel.ts';
import { createSmtpSender } from '../../packages/server/src/channels/email/smtp-sender.ts';
import { channelAdapters } from '../../packages/server/src/compose/channels.ts';

/** The token of the tests' Telegram bot. */
export const botToken = `900:${'t'.repeat(30)}`;

/** A webhook call as the provider makes it. */
export interface SignedCall {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the contract tests need to know about a kind of channel. */
export interface ChannelSample {
  /** Complete settings; the provider is at `url`. */
  settings(url: string): Record<string, unknown>;
  /** A correctly signed webhook call with one text message, for kinds with a webhook. */
  readonly call?: SignedCall;
}

const appSecret = 'an-app-secret-of-the-tests';
const meta = { appSecret, verifyToken: 'a-verify-token' };
const accessToken = 'an-access-token-of-the-tests';
const now = Date.now();

/** The text of the message in every sample call. */
export const sampleText = 'Is it open today?';

function metaCall(payload: object): SignedCall {
  const { body, headers } = signWebhook(payload, appSecret);
  return { body: Buffer.from(body), headers };
}

function threadOf(object: string): object {
  const message = { mid: 'm_1', text: sampleText };
  const event = { sender: { id: '42' }, recipient: { id: '900' }, timestamp: now, message };
  return { object, entry: [{ id: '900', time: now, messaging: [event] }] };
}

const whatsappValue = {
  messaging_product: 'whatsapp',
  metadata: { phone_number_id: '900' },
  messages: [
    {
      id: 'wamid.1',
      from: '8801712345678',
      timestamp: String(Math.floor(now / 1000)),
      type: 'text',
      text: { body: sampleText },
    },
  ],
};

const telegramMessage = {
  message_id: 1,
  from: { id: 42, first_name: 'Ada' },
  chat: { id: 42, type: 'private' },
  text: sampleText,
};

const textlineSecret = 'a-secret-of-16-or-more';
const textlineBody = JSON.stringify({
  to: '+8801700000000',
  messages: [{ id: 'in-1', from: '+8801800000000', text: sampleText, at: '2026-01-01T12:00:00Z' }],
});

/** A sample for each kind of channel; a kind without one fails the contract. */
export const channelSamples: Readonly<Record<string, ChannelSample>> = {
  web: { settings: () => ({}) },
  api: { settings: () => ({}) },
  facebook: {
    settings: () => ({ ...meta, pageId: '900', pageToken: accessToken }),
    call: metaCall(threadOf('page')),
  },
  instagram: {
    settings: () => ({ ...meta, accountId: '900', accessToken }),
    call: metaCall(threadOf('instagram')),
  },
  whatsapp: {
    settings: () => ({ ...meta, phoneNumberId: '900', accessToken }),
    call: metaCall({
      object: 'whatsapp_business_account',
      entry: [{ id: '1', changes: [{ field: 'messages', value: whatsappValue }] }],
    }),
  },
  telegram: {
    settings: (apiUrl) => ({ token: botToken, secretToken: 'a-secret-of-the-tests', apiUrl }),
    call: {
      body: Buffer.from(JSON.stringify({ update_id: 1, message: telegramMessage })),
      headers: { 'x-telegram-bot-api-secret-token': 'a-secret-of-the-tests' },
    },
  },
  email: {
    settings: (url) => ({
      address: 'support@shop.example',
      smtp: { host: '127.0.0.1', port: Number(new URL(url).port), tls: 'none' },
    }),
  },
  textline: {
    settings: (apiUrl) => ({ number: '+8801700000000', secret: textlineSecret, apiUrl }),
    call: {
      body: Buffer.from(textlineBody),
      headers: {
        'x-textline-signature': createHmac('sha256', textlineSecret).update(textlineBody).digest('hex'),
      },
    },
  },
};

/** Where nothing listens. */
export const nowhere = 'http://127.0.0.1:45999';

/** The adapters of all kinds of channel, whose providers are at `url`. */
export function sampleAdapters(url = nowhere): {
  readonly adapters: readonly ChannelAdapter[];
  stop(): void;
} {
  const sender = createSmtpSender();
  const email = { signingKey: Buffer.from('a key of the tests'), sender };
  return { adapters: channelAdapters({ config: { GRAPH_API_URL: url }, email }), stop: () => sender.close() };
}

/** For messages without attachments. */
export const noFiles: ChannelFiles = {
  sign: (content) => content,
  read: () => Promise.reject(new Error('There are no files.')),
};

/** A message of an agent to a customer who has just written. */
export function outboundMessage(content: OutboundMessage['content']): OutboundMessage {
  return {
    content,
    sender: 'agent',
    contactId: '42',
    comment: null,
    silentMs: 1_000,
    contactIdentityId: 7,
    thread: { externalIds: [], subject: null },
  };
}
