import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { messageContainerSchema } from '@mevrik/protocol';
import { startGraphStandIn, startSmtpStandIn, startTelegramStandIn } from '@mevrik/stand-ins';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type {
  ChannelAdapter,
  ChannelOutlet,
  OutboundPart,
} from '../../packages/server/src/channels/channel.ts';
import { ChannelError } from '../../packages/server/src/channels/channel-error.ts';
import { createChannelRegistry } from '../../packages/server/src/channels/registry.ts';
import { describeSettings } from '../../packages/server/src/http/admin/setting-fields.ts';
import {
  channelSamples,
  noFiles,
  nowhere,
  outboundMessage,
  sampleAdapters,
  sampleText,
} from '../support/channel-samples.ts';
import { loadGuideAdapter } from '../support/guide-adapter.ts';

// Every kind of channel, and the example in the guide, must pass this suite.
const example = await loadGuideAdapter();
afterAll(() => example.remove());

const { adapters: ours } = sampleAdapters();
const adapters: readonly ChannelAdapter[] = [...ours, example.adapter];
const source = { appId: 1, channel: 'main', deduplicationKey: 'd1' };
const outcomes = [
  'message',
  'receipt',
  'failure',
  'echo',
  'own-comment',
  'changed',
  'note',
  'alert',
  'ignored',
];
const hostile = fc.oneof(fc.jsonValue({ maxDepth: 5 }), fc.object({ maxDepth: 4 }), fc.anything());

describe('the registry', () => {
  const registry = createChannelRegistry(ours);

  it('finds every adapter by its kind', () => {
    for (const adapter of ours) expect(registry.adapterFor(adapter.kind)).toBe(adapter);
    expect(registry.adapterFor('pigeon')).toBeUndefined();
  });

  it('has a sender that says why for an unknown kind', () => {
    expect(registry.senderFor('pigeon')).toMatchObject({
      delivers: 'never',
      reason: expect.stringMatching(/pigeon/),
    });
  });

  it('rejects two adapters of the same kind', () => {
    const [first] = ours;
    expect(() => createChannelRegistry([...ours, first as ChannelAdapter])).toThrow('same kind');
  });
});

it.each(ours)('$kind has a folder of the same shape as the others', async ({ kind }) => {
  const folder = new URL(`../../packages/server/src/channels/${kind}/`, import.meta.url);
  const file = new URL(`${kind}-channel.ts`, folder);
  expect(existsSync(file), `${kind}/${kind}-channel.ts`).toBe(true);
  const exported: Record<string, unknown> = await import(file.href);
  expect(Object.keys(exported)).toEqual([`${kind}Channel`]);
});

describe.each(adapters)('$kind', (adapter) => {
  const { kind, settingsSchema, webhook, sender } = adapter;
  const sample = channelSamples[kind];
  if (!sample) throw new Error(`Add a sample of ${kind} to test/support/channel-samples.ts.`);
  const settings = sample.settings(nowhere);

  if (adapter.isInNewApps) {
    it('needs no settings, as a new app has none', () => {
      expect(settingsSchema.safeParse({}).success).toBe(true);
    });
  }

  it('has a kebab-case kind, and a guide with steps', () => {
    expect(kind).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(adapter.guide?.title, 'a title').toMatch(/\S/);
    expect(adapter.guide?.summary, 'a summary').toMatch(/\.$/);
    expect(adapter.guide?.steps.length, 'steps').toBeGreaterThan(0);
  });

  it('describes every setting, marks secrets, and rejects unknown settings', () => {
    expect(settingsSchema.safeParse(settings).error).toBeUndefined();
    expect(settingsSchema.safeParse({ ...settings, unknown: 1 }).success).toBe(false);
    const fields = describeSettings(settingsSchema).flatMap((group) => group.fields);
    for (const { path, title, type } of fields) {
      const name = path.split('.').at(-1) ?? path;
      expect(title, `${path} has a title`).not.toBe(name);
      if (/secret|token|password|privateKey/i.test(name) && !/tag$/i.test(name))
        expect(type, `${path} is a secret`).toBe('secret');
    }
  });

  it('never throws for the settings of another kind', () => {
    for (const other of [
      {},
      null,
      'x',
      ...Object.values(channelSamples).map((one) => one.settings(nowhere)),
    ]) {
      expect(() => webhook?.accountIdOf(other)).not.toThrow();
      expect(() => adapter.contactForEmail?.('vera@home.example', other)).not.toThrow();
    }
  });

  if (webhook) describeWebhook(adapter, webhook, sample, settings);
  if (sender.delivers === 'by-sending') describeOutlet(adapter, sender, settings);
});

function describeWebhook(
  { kind }: ChannelAdapter,
  webhook: NonNullable<ChannelAdapter['webhook']>,
  { call }: (typeof channelSamples)[string],
  settings: Record<string, unknown>,
): void {
  if (!call) throw new Error(`Add a signed call to the sample of ${kind}.`);
  const { body, headers } = call;

  it('accepts a signed call and rejects all others', () => {
    expect(webhook.verify(body, headers, settings)).toBe(true);
    for (const name of Object.keys(headers)) {
      if (!name.startsWith('x-')) continue;
      expect(webhook.verify(body, { ...headers, [name]: `${headers[name]}x` }, settings)).toBe(false);
      expect(webhook.verify(body, { ...headers, [name]: [headers[name]] }, settings)).toBe(false);
    }
    expect(webhook.verify(body, {}, settings)).toBe(false);
    expect(webhook.verify(body, headers, {})).toBe(false);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.anything(), (given, other) => {
        expect(webhook.verify(body, given, settings)).toBe(false);
        expect(webhook.verify(body, headers, other)).toBe(false);
        expect(webhook.confirm(given, settings)).toBeUndefined();
      }),
    );
  });

  it('turns a call with one message into that message', () => {
    const events = webhook.split(JSON.parse(body.toString()), settings);
    expect(events).toHaveLength(1);
    const [event] = events;
    expect([null, webhook.accountIdOf(settings)]).toContain(event?.accountId);
    const parsed = webhook.parse(event?.payload ?? {}, source);
    expect(parsed.outcome).toBe('message');
    if (parsed.outcome !== 'message') return;
    expect(messageContainerSchema.safeParse(parsed.container).error).toBeUndefined();
    expect(parsed.container).toMatchObject({ appId: 1, channel: 'main', content: { text: sampleText } });
    expect(parsed.container.contactId).toBe(event?.contactId);
  });

  it('splits any body without throwing, always in the same way', () => {
    fc.assert(
      fc.property(hostile, (given) => {
        const events = webhook.split(given, settings);
        for (const { deduplicationKey, contactId, payload } of events) {
          expect(deduplicationKey).not.toBe('');
          expect(contactId).not.toBe('');
          expect(typeof payload).toBe('object');
          expect(outcomes).toContain(webhook.parse(payload, source).outcome);
        }
        expect(webhook.split(given, settings)).toEqual(events);
      }),
    );
  });

  it('parses any payload without throwing', () => {
    const [event] = webhook.split(JSON.parse(body.toString()), settings);
    const names = Object.keys(event?.payload ?? {});
    const payload = fc.oneof(
      fc.dictionary(fc.string(), hostile),
      fc.dictionary(fc.constantFrom(...names), hostile).map((part) => ({ ...event?.payload, ...part })),
    );
    fc.assert(
      fc.property(payload, (given) => {
        expect(outcomes).toContain(webhook.parse(given, source).outcome);
      }),
    );
  });
}

function describeOutlet(
  adapter: ChannelAdapter,
  outlet: ChannelOutlet,
  settings: Record<string, unknown>,
): void {
  const { kind } = adapter;
  const { capabilities } = outlet;
  const compose = (text: string) => outlet.compose(outboundMessage({ text }), settings);

  it('has sensible capabilities', () => {
    const { textLength, quickReplies, buttons, attachments, replyWindowHours } = capabilities;
    expect(textLength).toBeGreaterThanOrEqual(100);
    for (const count of [quickReplies, buttons]) expect(Number.isInteger(count) && count >= 0).toBe(true);
    expect(new Set(attachments).size).toBe(attachments.length);
    expect(replyWindowHours === null || replyWindowHours > 0).toBe(true);
    if (replyWindowHours !== null && outlet.agentWindowHours)
      expect(outlet.agentWindowHours(settings)).toBeGreaterThanOrEqual(replyWindowHours);
  });

  it('composes texts into parts within the limit, without losing a word, always in the same way', () => {
    const words = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 2_000,
    });
    fc.assert(
      fc.property(words, (given) => {
        const written = given.map((word) => word.replace(/[^\w]/g, 'x'));
        const parts = compose(written.join(' '));
        for (const { body } of parts)
          expect(longestText(body)).toBeLessThanOrEqual(capabilities.textLength + 1);
        expect(textsOf(parts).join(' ').split(/\s+/).filter(Boolean)).toEqual(written);
        expect(compose(written.join(' '))).toEqual(parts);
      }),
      { numRuns: 30 },
    );
  });

  it('rejects a message without content for good, with a reason', () => {
    for (const content of [{}, { text: '  ' }]) {
      const error = thrownBy(() => outlet.compose(outboundMessage(content), settings));
      expect(error).toBeInstanceOf(ChannelError);
      expect(outlet.classify(error)).toMatchObject({
        kind: 'permanent',
        error: expect.stringMatching(/\w+\.$/),
      });
    }
  });

  it('names a rate limit with a lane, if it has one', () => {
    const [part] = compose('hello');
    const pace = part && outlet.pace?.(part, settings);
    if (!pace) return;
    expect(pace.lane).not.toBe('');
    expect(pace.limit).toBeGreaterThan(0);
    expect(pace.withinMs).toBeGreaterThan(0);
  });

  it('classifies any error, with words for people', () => {
    fc.assert(
      fc.property(fc.anything(), (error) => {
        const failure = outlet.classify(error);
        expect(['temporary', 'permanent', 'channel-down']).toContain(failure.kind);
        expect(failure.error).toMatch(/\S/);
      }),
    );
    expect(outlet.classify(new DOMException('timeout', 'TimeoutError'))).toMatchObject({
      kind: 'temporary',
      isUncertain: true,
    });
    const known = { kind: 'channel-down', error: 'Closed.' } as const;
    expect(outlet.classify(new ChannelError(known))).toEqual(known);
  });

  it('sends through its stand-in, and probes it', async () => {
    const standIn = await startStandIn(kind);
    const at = outletAt(kind, standIn.url);
    const own = channelSamples[kind]?.settings(standIn.url);
    const context = { settings: own, files: noFiles, signal: AbortSignal.timeout(120_000) };
    try {
      const [part] = at.outlet.compose(
        {
          ...outboundMessage({ text: 'hello' }),
          ...(kind === 'email' ? { contactId: 'vera@home.example' } : {}),
        },
        own,
      );
      const receipt = await at.outlet.send(part as OutboundPart, 'mevrik:1:0', context);
      expect(receipt.externalId).toMatch(/\S/);
      await at.outlet.probe(context);
    } finally {
      at.stop();
      await standIn.stop();
    }
  });

  it('knows that nothing was sent if the connection is refused', async () => {
    const failure = await failureOf(kind, nowhere);
    expect(failure).toMatchObject({ kind: 'temporary', isUncertain: false, suspectsChannel: true });
  });

  // Email is sent over SMTP, whose status codes classify-smtp-error.test.ts covers.
  const statuses: [number, string[]][] =
    kind === 'email'
      ? []
      : [
          [401, ['channel-down', 'permanent']],
          [429, ['temporary']],
          [500, ['temporary']],
          [502, ['temporary']],
        ];
  it.each(statuses)('classifies a response with status %i', async (status, kinds) => {
    const server = await listen((_request, response) => response.writeHead(status).end('{}'));
    try {
      const failure = await failureOf(kind, server.url);
      expect(kinds).toContain(failure.kind);
      if (failure.kind === 'temporary') expect(failure.isUncertain).toBe(status >= 500);
    } finally {
      await server.stop();
    }
  });
}

/** How an attempt to send through a provider at `url` fails. */
async function failureOf(kind: string, url: string) {
  const { outlet, stop } = outletAt(kind, url);
  const settings = channelSamples[kind]?.settings(url);
  const [part] = outlet.compose(outboundMessage({ text: 'hello' }), settings);
  const signal = AbortSignal.timeout(120_000);
  try {
    await outlet.send(part as OutboundPart, 'mevrik:1:0', { settings, files: noFiles, signal });
    throw new Error('It was sent.');
  } catch (error) {
    return outlet.classify(error);
  } finally {
    stop();
  }
}

/** The outlet of a kind whose provider is at `url`. */
function outletAt(kind: string, url: string): { readonly outlet: ChannelOutlet; stop(): void } {
  const { adapters: made, stop } = sampleAdapters(url);
  const sender = createChannelRegistry([...made, example.adapter]).senderFor(kind);
  if (sender.delivers !== 'by-sending') throw new Error(`The kind ${kind} does not send.`);
  return { outlet: sender, stop };
}

/** Starts what stands in for the provider of a kind. */
async function startStandIn(kind: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  if (kind === 'telegram') return startTelegramStandIn();
  if (kind === 'email') {
    const { port, stop } = await startSmtpStandIn();
    return { url: `http://127.0.0.1:${port}`, stop };
  }
  if (kind !== 'textline') return startGraphStandIn();
  return listen(async (request, response) => {
    if (request.method === 'POST') await json(request);
    response.end(JSON.stringify({ id: 'out-1' }));
  });
}

async function listen(handler: Parameters<typeof createServer>[1]) {
  const server: Server = createServer(handler as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The texts of composed parts: whatever the form of a body, its text is in `text` or `text.body`. */
function textsOf(parts: readonly OutboundPart[]): string[] {
  return parts.map(({ body }) => {
    const { text, message } = body as { text?: unknown; message?: { text?: string } };
    if (typeof text === 'string') return text;
    return (text as { body?: string } | undefined)?.body ?? message?.text ?? '';
  });
}

function longestText(body: unknown): number {
  if (typeof body === 'string') return body.length;
  if (typeof body !== 'object' || body === null) return 0;
  const parts = Object.entries(body).filter(([name]) => name !== 'html');
  return Math.max(0, ...parts.map(([, part]) => longestText(part)));
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
