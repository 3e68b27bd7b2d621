import { once } from 'node:events';
import { connect } from 'node:net';
import PusherServer from 'pusher';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../support/gateway.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let one: TestProduct;
let two: TestProduct;
let admin: Employed;
const clients: RawClient[] = [];
beforeAll(async () => {
  redis = await startRedis();
  one = await startTestProduct({ REDIS_URL: redis.url });
  two = await startTestProduct({ REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl });
  admin = await one.employ({ role: 'admin' });
});
afterAll(async () => {
  for (const { ws } of clients) ws.terminate();
  await two?.stop();
  await one?.stop();
  await redis?.stop();
});

/** A client of a node, subscribed to these channels. */
async function listen(product: TestProduct, channels: readonly string[]): Promise<RawClient> {
  const client = new RawClient(`${product.url.replace('http', 'ws')}/app/${product.app.key}?protocol=7`);
  clients.push(client);
  await client.socketId();
  for (const channel of channels) {
    client.subscribe(channel);
    await client.next('pusher_internal:subscription_succeeded');
  }
  return client;
}

/** Triggers an event as the app's back end does. */
async function trigger(channel: string, data: string): Promise<void> {
  const { app, url } = one;
  const { hostname, port } = new URL(url);
  const back = new PusherServer({ appId: String(app.id), ...app, host: hostname, port, useTLS: false });
  expect((await back.trigger(channel, 'update', data)).status).toBe(200);
}

describe('the list of connections', () => {
  it('covers every node, app by app', async () => {
    await listen(one, ['red', 'blue']);
    const there = await listen(two, ['red']);
    await trigger('red', 'hello');
    await there.next('update');
    await expect
      .poll(async () => (await admin.call('GET', '/v1/admin/gateway')).body.nodes)
      .toMatchObject([
        { apps: [{ appId: 1, connections: 1, topics: 2, subscriptions: 2, sent: { messages: 1 } }] },
        { apps: [{ appId: 1, connections: 1, topics: 1, subscriptions: 1, received: { messages: 1 } }] },
      ]);
  });

  it('is paginated', async () => {
    await listen(
      one,
      ['p1', 'p2', 'p3', 'p4', 'p5'].map((name) => `page-${name}`),
    );
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = new URLSearchParams({ prefix: 'page-', limit: '2', cursor }).toString();
      const { body } = await admin.call('GET', `/v1/admin/gateway/topics?${query}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      names.push(...body.items.map(({ name }: { name: string }) => name));
      cursor = body.next;
    }
    expect(names).toEqual(['page-p1', 'page-p2', 'page-p3', 'page-p4', 'page-p5']);
    const { body } = await admin.call('GET', '/v1/admin/gateway/connections?appId=1');
    expect(body.items).toHaveLength(2);
    expect(body.items).toContainEqual(expect.objectContaining({ userId: null, bufferedBytes: 0 }));
    expect((await admin.call('GET', '/v1/admin/gateway/topics?appId=2')).body).toEqual({
      items: [],
      next: null,
    });
  });

  it('is counted for Prometheus, labelled with the app', async () => {
    const { body } = await one.call('GET', '/metrics');
    expect(body).toMatch(/mevrik_connections\{app="1"\} [1-9]/);
    expect(body).toMatch(/mevrik_messages_sent_total\{app="1"\} [1-9]/);
  });
});

describe('a tap', () => {
  /** Opens a tap. The returned function resolves with the next event of the given name. */
  async function open(channel: string, product = one) {
    const address = `${product.url}/v1/admin/gateway/tap?appId=1&topic=${channel}`;
    const controller = new AbortController();
    const answer = await fetch(address, {
      headers: { authorization: `Bearer ${admin.token}` },
      signal: controller.signal,
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const next = async (event: string) => {
      for (;;) {
        const [found, data] = new RegExp(`event: ${event}\ndata: (.*)\n\n`).exec(text) ?? [];
        if (found && data) {
          text = text.slice(text.indexOf(found) + found.length);
          return JSON.parse(data);
        }
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`The tap ended. It said: ${text}`);
        text += value;
      }
    };
    await next('open');
    return { next, close: () => controller.abort() };
  }

  it('shows what a topic carries, also from another node, and affects no subscriber', async () => {
    const tap = await open('green', two);
    await trigger('green', 'without subscribers');
    expect(await tap.next('message')).toMatchObject({
      event: 'update',
      data: 'without subscribers',
      subscribers: 0,
    });
    const listed = async () => (await admin.call('GET', '/v1/admin/gateway/topics?prefix=green')).body.items;
    expect(await listed()).toEqual([]);
    const client = await listen(two, ['green']);
    await trigger('green', 'to one');
    expect(await tap.next('message')).toMatchObject({ data: 'to one', subscribers: 1 });
    expect((await client.next('update')).data).toBe('to one');
    tap.close();
    const audited = await admin.call('GET', '/v1/admin/audit');
    expect(audited.body.items).toContainEqual(
      expect.objectContaining({ action: 'topic.tap', target: 'green' }),
    );
  });

  it('on an invalid topic, or above the limit, is rejected', async () => {
    const bad = await admin.call('GET', '/v1/admin/gateway/tap?appId=1&topic=no%20topic');
    expect(bad.status).toBe(422);
    const taps = await Promise.all(Array.from({ length: 20 }, (_, n) => open(`tap${n}`)));
    expect((await admin.call('GET', '/v1/admin/gateway/tap?appId=1&topic=x')).status).toBe(429);
    for (const tap of taps) tap.close();
    // Rejected until a tap has been closed.
    await expect.poll(async () => (await open('again').catch(() => undefined))?.close).toBeDefined();
  });

  it('does not delay the shutdown of its node, nor does a connection that never sends a request', async () => {
    const third = await startTestProduct({ REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl });
    const tap = await open('last', third);
    const silent = connect(Number(new URL(third.url).port), '127.0.0.1');
    await once(silent, 'connect');
    const closed = once(silent.resume(), 'close');
    await third.stop();
    await closed;
    await expect(tap.next('message')).rejects.toThrow();
  });
});
