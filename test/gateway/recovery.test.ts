import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createBroadcastHistory } from '../../packages/server/src/dispatch/broadcast-history.ts';
import { startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { type Memory, newMemory, ResumingClient } from '../support/resuming-client.ts';

let product: TestProduct;
const clients: ResumingClient[] = [];
beforeAll(async () => {
  product = await startTestProduct({ RECOVERY_MAX_EVENTS: '20' });
  // Only customers' messages are broadcast.
  await product.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await product.database.sql`INSERT INTO bots (app_id, kind) VALUES (${product.app.id}, 'none')`;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.cut()));
});
afterAll(() => product.stop());

/** A connection that subscribes to a channel, authorized with a token if one is given. */
function follow(channel: string, memory: Memory, token?: string): ResumingClient {
  const sign = async (socketId: string) => {
    if (token === undefined) return undefined;
    const body = { socket_id: socketId, channel_name: channel };
    return (await product.call('POST', '/broadcasting/auth', { token, body })).body.auth as string;
  };
  const client = new ResumingClient(product.url, product.app.key, channel, memory, sign);
  clients.push(client);
  return client;
}

const visit = () => product.visit();

/** The texts that a customer wrote, as a subscriber to their session received them. */
const textsIn = ({ shown }: Memory) =>
  (shown as { message: { isReply: boolean; content: { text: string } } }[])
    .filter(({ message }) => !message.isReply)
    .map(({ message }) => message.content.text);

async function write(visitor: Visitor, texts: readonly string[]): Promise<void> {
  for (const text of texts) expect((await visitor.write(text)).status).toBe(201);
}

describe('a client that was cut off', () => {
  it('receives what it missed of its session, in order and once', async () => {
    const visitor = await visit();
    const memory = newMemory();
    const channel = `private-session${visitor.sessionId}`;
    const first = follow(channel, memory, visitor.token);
    expect(await first.subscribed).toMatchObject({ epoch: expect.any(String) });
    await write(visitor, ['one']);
    await expect.poll(() => textsIn(memory)).toEqual(['one']);
    await first.cut();
    await write(visitor, ['two', 'three']);
    const second = follow(channel, memory, visitor.token);
    expect(await second.subscribed).toMatchObject({ recovered: true });
    expect(textsIn(memory)).toEqual(['one', 'two', 'three']);
    await write(visitor, ['four']);
    await expect.poll(() => textsIn(memory)).toEqual(['one', 'two', 'three', 'four']);
    expect(memory.reloads).toBe(0);
  });

  it('receives it even if it had received nothing before the cut', async () => {
    const visitor = await visit();
    const memory = newMemory();
    const channel = `private-session${visitor.sessionId}`;
    await follow(channel, memory, visitor.token).subscribed;
    await clients[0]?.cut();
    await write(visitor, ['missed']);
    expect(await follow(channel, memory, visitor.token).subscribed).toMatchObject({ recovered: true });
    expect(textsIn(memory)).toEqual(['missed']);
  });

  it('receives what it missed of a topic that spans many conversations', async () => {
    const memory = newMemory();
    const first = follow('messages', memory);
    await first.subscribed;
    await first.cut();
    const visitors = await Promise.all([visit(), visit(), visit()]);
    const answers = await Promise.all(visitors.map((visitor) => visitor.write('hello')));
    expect(await follow('messages', memory).subscribed).toMatchObject({ recovered: true });
    const shown = memory.shown as { message: { id: number } }[];
    expect(shown.map(({ message }) => message.id)).toEqual(
      expect.arrayContaining(answers.map(({ body }) => body.message?.id ?? body.id)),
    );
    expect(JSON.stringify(shown)).not.toContain('hello');
  });

  it('misses nothing and receives nothing twice, wherever the cuts fall', async () => {
    const visitor = await visit();
    const memory = newMemory();
    const channel = `private-session${visitor.sessionId}`;
    await follow(channel, memory, visitor.token).subscribed;
    let written = 0;
    const cuts = fc.array(fc.record({ before: fc.nat(3), away: fc.nat(4), turns: fc.nat(6) }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(cuts, async (plan) => {
        for (const { before, away, turns } of plan) {
          const batch = Array.from({ length: before + away }, () => `n${++written}`);
          const writing = write(visitor, batch);
          for (let turn = 0; turn < turns; turn += 1) await nextTurn();
          await clients.at(-1)?.cut();
          const next = follow(channel, memory, visitor.token);
          await Promise.all([writing, next.subscribed]);
        }
        const all = Array.from({ length: written }, (_, index) => `n${index + 1}`);
        await expect.poll(() => textsIn(memory)).toEqual(all);
      }),
      { numRuns: 15, interruptAfterTimeLimit: 60_000 },
    );
    expect(memory.reloads).toBe(0);
  });
});

describe('a client that cannot recover everything', () => {
  const away = async (texts: number, change: (memory: Memory) => void = () => {}) => {
    const visitor = await visit();
    const memory = newMemory();
    const channel = `private-session${visitor.sessionId}`;
    const first = follow(channel, memory, visitor.token);
    await first.subscribed;
    await first.cut();
    await write(
      visitor,
      Array.from({ length: texts }, (_, index) => `t${index}`),
    );
    change(memory);
    const second = follow(channel, memory, visitor.token);
    const said = await second.subscribed;
    await write(visitor, ['afterwards']);
    await expect.poll(() => textsIn(memory)).toContain('afterwards');
    return { said, memory };
  };

  it('because it missed too much reloads, and continues from there', async () => {
    const { said, memory } = await away(25);
    expect(said).toMatchObject({ recovered: false });
    expect(textsIn(memory)).toEqual(['afterwards']);
    expect(memory.reloads).toBe(1);
  });

  it('because it was away too long reloads as well', async () => {
    const visitor = await visit();
    const question = { appId: product.app.id, topic: `session${visitor.sessionId}` };
    const history = (maxAgeSeconds: number) =>
      createBroadcastHistory({ sql: product.database.sql, maxEvents: 20, maxAgeSeconds });
    const from = await history(0).resume(question);
    await write(visitor, ['long ago']);
    expect(await history(0).resume({ ...question, from })).toMatchObject({ recovered: false, missed: [] });
    expect(await history(60).resume({ ...question, from })).toMatchObject({ recovered: true });
  });

  it.each<[string, (memory: Memory) => void]>([
    ['another log', (memory) => Object.assign(memory.position ?? {}, { epoch: 'another' })],
    ['a position that the log has not reached', (memory) => setAll(memory, 1_000_000)],
    ['no position', (memory) => Object.assign(memory.position ?? {}, { positions: {} })],
  ])('because it sends %s reloads as well', async (_what, change) => {
    const { said, memory } = await away(2, change);
    expect(said).toMatchObject({ recovered: false });
    expect(textsIn(memory)).toEqual(['afterwards']);
  });

  function setAll(memory: Memory, offset: number): void {
    const positions = memory.position?.positions ?? {};
    for (const partition of Object.keys(positions)) positions[partition] = offset;
  }
});

describe('recovery', () => {
  /** Subscribes by hand and returns the first response about the channel. */
  async function subscribe(channel: string, resume: unknown, token?: string) {
    const ws = new WebSocket(`${product.url.replace('http', 'ws')}/app/${product.app.key}?protocol=7`);
    try {
      return await new Promise<{ event: string; data: string }>((resolve) => {
        ws.on('message', async (text) => {
          const frame = JSON.parse(String(text));
          if (frame.event !== 'pusher:connection_established') return resolve(frame);
          const { socket_id } = JSON.parse(frame.data);
          const body = { socket_id, channel_name: channel };
          const auth = token && (await product.call('POST', '/broadcasting/auth', { token, body })).body.auth;
          ws.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth, resume } }));
        });
      });
    } finally {
      ws.terminate();
    }
  }

  it('is not mentioned to clients that do not request it, nor on channels that the log does not broadcast to', async () => {
    for (const [channel, resume] of [
      ['messages', undefined],
      ['updates', {}],
    ] as const) {
      const { event, data } = await subscribe(channel, resume);
      expect(event).toBe('pusher_internal:subscription_succeeded');
      expect(JSON.parse(data)).toEqual({});
    }
  });

  it('reveals nothing that a client is not authorized to see', async () => {
    const [ann, bob] = [await visit(), await visit()];
    await write(ann, ['between us']);
    const channel = `private-session${ann.sessionId}`;
    const positions = Object.fromEntries(Array.from({ length: 64 }, (_, partition) => [partition, 0]));
    const { epoch } = JSON.parse((await subscribe('messages', {})).data).resume;
    const answer = await subscribe(channel, { epoch, positions }, bob.token);
    expect(answer.event).toBe('pusher:subscription_error');
    // Ann's positions name Bob's partition as well, and she receives her own session only.
    const memory = newMemory();
    memory.position = { epoch, positions };
    await write(bob, ['also here']);
    await follow(channel, memory, ann.token).subscribed;
    expect(textsIn(memory)).toEqual(['between us']);
  });

  it.each([
    ['a string', 'now'],
    ['a position without epoch', { positions: {} }],
    ['a position that is not a number', { epoch: 'e', positions: { 1: 'x' } }],
    ['a negative position', { epoch: 'e', positions: { 1: -1 } }],
    ['something else', { epoch: 'e', positions: { 'x; DROP TABLE events': 1 } }],
  ])('requested with %s is answered with an error', async (_what, resume) => {
    expect((await subscribe('messages', resume)).event).toBe('pusher:subscription_error');
  });
});

describe('a request with X-Socket-ID', () => {
  it('is broadcast to all connections except that one', async () => {
    const visitor = await visit();
    const channel = `private-session${visitor.sessionId}`;
    const [sender, other] = [newMemory(), newMemory()];
    const mine = follow(channel, sender, visitor.token);
    await Promise.all([mine.subscribed, follow(channel, other, visitor.token).subscribed]);
    const headers = { 'x-socket-id': await mine.socketId };
    await visitor.call('POST', '/v1/messages', { text: 'mine' }, headers);
    await write(visitor, ['ours']);
    await expect.poll(() => textsIn(other)).toEqual(['mine', 'ours']);
    await expect.poll(() => textsIn(sender)).toEqual(['ours']);
  });
});
