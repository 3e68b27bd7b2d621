import type { EventStory } from '@mevrik/protocol';
import PusherServer from 'pusher';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { beforeBotReplies, openingHours } from '../support/bot-replies.ts';
import { RawClient } from '../support/gateway.ts';
import { startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
afterEach(() => product.stop());

async function started(env: Record<string, string>): Promise<TestProduct> {
  product = await startTestProduct(env);
  return product;
}

const answered = (visitor: Visitor) => async () =>
  (await visitor.history()).filter(({ from, text }) => from === 'bot' && text?.startsWith(openingHours))
    .length;

/** The dead letters, once there are any. */
async function deadLetters() {
  const admin = await product.employ({ role: 'admin' });
  const list = async () => (await admin.call('GET', '/v1/admin/dead-letters?status=dead')).body.items;
  await expect.poll(list).not.toEqual([]);
  return list();
}

const inFlight = async () => {
  const { body } = await product.call('GET', '/metrics');
  return Number(/^mevrik_events_in_flight (\d+)$/m.exec(body)?.[1]);
};

describe('without environment variables', () => {
  it('the settings have the defaults of the specification', async () => {
    await started({});
    expect(loadConfig({})).toMatchObject({
      EVENT_BROADCAST_ENABLED: true,
      EVENT_QUEUE_ENABLED: true,
      EVENT_RETRY_ATTEMPTS: 3,
      EVENT_TIMEOUT: 30,
      CHANNEL_CLEANUP_INTERVAL: 3600,
      MAX_CONCURRENT_EVENTS: 1000,
    });
    const visitor = await product.visit();
    await visitor.write('opening hours');
    await expect.poll(answered(visitor)).toBe(1);
  });
});

describe('EVENT_QUEUE_ENABLED=false', () => {
  it('handles a message before the request is answered', async () => {
    await started({ EVENT_QUEUE_ENABLED: 'false' });
    const visitor = await product.visit();
    expect((await visitor.history()).map(({ from }) => from)).toEqual(['bot']);
    for (const count of [1, 2, 3]) {
      expect((await visitor.write('opening hours')).status).toBe(201);
      expect(await answered(visitor)()).toBe(count);
    }
    const agent = await product.employ();
    await visitor.write('I want to talk to a human');
    const { body } = await agent.call('GET', '/v1/queue-items?status=waiting');
    expect(body.items).toMatchObject([{ sessionId: visitor.sessionId }]);
  });

  it("does not fail the visitor's request when a listener fails", async () => {
    await started({ EVENT_QUEUE_ENABLED: 'false', EVENT_RETRY_ATTEMPTS: '0' });
    await beforeBotReplies(product.database.sql, `RAISE EXCEPTION 'no reply today'`);
    const visitor = await product.visit();
    expect((await visitor.write('opening hours')).status).toBe(201);
    expect(await deadLetters()).toMatchObject([{ subscription: 'HandleMessageReadyEvent', attempts: 1 }]);
  });
});

describe('EVENT_BROADCAST_ENABLED', () => {
  /** The names of the events that a visitor's connection receives in a conversation. */
  async function receivedInConversation(env: Record<string, string>): Promise<string[]> {
    const { url, app } = await started(env);
    const visitor = await product.visit();
    const channel = `private-session${visitor.sessionId}`;
    const client = new RawClient(`${url.replace('http', 'ws')}/app/${app.key}?protocol=7`);
    const { body: signed } = await visitor.call('POST', '/broadcasting/auth', {
      socket_id: await client.socketId(),
      channel_name: channel,
    });
    client.subscribe(channel, signed);
    await client.next('pusher_internal:subscription_succeeded');
    await visitor.write('opening hours');
    await expect.poll(answered(visitor)).toBe(1);
    if (env.EVENT_BROADCAST_ENABLED !== 'false') await client.next('message_reply');
    await visitor.write('I want to talk to a human');
    const agent = await product.employ();
    const queue = async () => (await agent.call('GET', '/v1/queue-items?status=waiting')).body.items;
    await expect.poll(queue).toMatchObject([{ sessionId: visitor.sessionId }]);
    await visitor.call('POST', '/v1/typing', { typing: true });
    const { hostname: host, port } = new URL(url);
    const backEnd = new PusherServer({ appId: String(app.id), ...app, host, port, useTLS: false });
    await backEnd.trigger(channel, 'over', {});
    await client.next('over');
    client.ws.terminate();
    const admin = await product.employ({ role: 'admin' });
    const { items } = (await admin.call('GET', '/v1/admin/events?type=MessageReplyReadyEvent')).body;
    const outcomes = async () => {
      const story = (await admin.call('GET', `/v1/admin/events/${items[0].id}`)).body as EventStory;
      const { broadcasts = [] } = story.chain.find(({ id }) => id === story.event.id) ?? {};
      return [...new Set(broadcasts.map(({ status }) => status))];
    };
    await expect.poll(outcomes).toEqual([env.EVENT_BROADCAST_ENABLED === 'false' ? 'off' : 'sent']);
    return client.frames.map(({ event }) => event).filter((event) => !event.startsWith('pusher'));
  }

  it('=false publishes neither events nor notices; conversations and triggers by back ends still work', async () => {
    expect(await receivedInConversation({ EVENT_BROADCAST_ENABLED: 'false' })).toEqual(['over']);
  });

  it('=true publishes both', async () => {
    const received = await receivedInConversation({ EVENT_BROADCAST_ENABLED: 'true' });
    expect(received).toEqual(expect.arrayContaining(['message_post', 'message_reply', 'typing', 'over']));
  });
});

describe('EVENT_RETRY_ATTEMPTS', () => {
  it.each([
    ['0', 1],
    ['1', 2],
  ])('=%s gives a listener %i attempt(s) in total', async (retries, attempts) => {
    await started({ EVENT_RETRY_ATTEMPTS: retries });
    await beforeBotReplies(product.database.sql, `RAISE EXCEPTION 'no reply today'`);
    const visitor = await product.visit();
    await visitor.write('opening hours');
    const [letter] = await deadLetters();
    expect(letter).toMatchObject({ subscription: 'HandleMessageReadyEvent', attempts });
    expect(letter.failures).toHaveLength(attempts);
    expect(letter.lastError).toContain('no reply today');
  });
});

describe('EVENT_TIMEOUT', () => {
  it('is the number of seconds after which a listener has failed; others are not delayed', async () => {
    await started({ EVENT_TIMEOUT: '1', EVENT_RETRY_ATTEMPTS: '0' });
    await beforeBotReplies(
      product.database.sql,
      `IF EXISTS (SELECT FROM customers WHERE id = NEW.customer_id AND name = 'Slow') THEN PERFORM pg_sleep(60); END IF`,
    );
    const slow = await product.visit({ profile: { name: 'Slow' } });
    const quick = await product.visit({ profile: { name: 'Quick' } });
    await slow.write('opening hours');
    await quick.write('opening hours');
    await expect.poll(answered(quick)).toBe(1);
    const letters = await deadLetters();
    expect(letters).toMatchObject([{ subscription: 'HandleMessageReadyEvent', attempts: 1 }]);
    expect(letters[0].lastError).toContain('longer than 1000 ms');
    expect(await answered(slow)()).toBe(0);
  });
});

describe('MAX_CONCURRENT_EVENTS', () => {
  const lock = 77;

  /** Blocks all replies of the bot while `work` runs; then they are sent. */
  async function whileRepliesWait(work: () => Promise<void>): Promise<void> {
    await beforeBotReplies(product.database.sql, `PERFORM pg_advisory_xact_lock(${lock})`);
    const visitors = await Promise.all(Array.from({ length: 8 }, () => product.visit()));
    await product.database.sql.begin(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(${lock})`;
      await Promise.all(visitors.map((visitor) => visitor.write('opening hours')));
      await work();
    });
    for (const visitor of visitors) await expect.poll(answered(visitor)).toBe(1);
  }

  it('=1 handles one event at a time, and all of them in the end', async () => {
    await started({ MAX_CONCURRENT_EVENTS: '1' });
    await whileRepliesWait(async () => {
      await expect.poll(inFlight).toBe(1);
      const seen: number[] = [];
      while (seen.length < 20) seen.push(await inFlight());
      expect(Math.max(...seen)).toBe(1);
    });
  });

  it('above 1 handles conversations concurrently', async () => {
    await started({ MAX_CONCURRENT_EVENTS: '1000' });
    await whileRepliesWait(() => expect.poll(inFlight).toBeGreaterThan(2));
  });
});

describe('CHANNEL_CLEANUP_INTERVAL', () => {
  it('is the number of seconds between two searches for channels without subscribers', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    await started({ CHANNEL_CLEANUP_INTERVAL: '4321' });
    const intervals = timers.mock.calls.map(([, ms]) => ms);
    timers.mockRestore();
    expect(intervals).toContain(4_321_000);
  });
});
