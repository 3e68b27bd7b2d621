import { channelNamesOf, parsePusherChannel, parseTopic } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { createLocalBus } from '../../packages/server/src/broadcast/bus/bus.ts';
import { Traffic } from '../../packages/server/src/broadcast/bus/rate-meter.ts';
import { textFrame } from '../../packages/server/src/broadcast/sockets/frame-encoder.ts';
import { Hub } from '../../packages/server/src/broadcast/sockets/hub.ts';
import { RawClient } from '../support/gateway.ts';

const channel = fc.constantFrom('session1', 'private-session1', 'presence-session1', 'session2', 'updates');
const action = fc.oneof(
  fc.record({
    do: fc.constantFrom('subscribe', 'confirm', 'unsubscribe'),
    who: fc.nat(3),
    app: fc.nat(1),
    channel,
  }),
  fc.record({
    do: fc.constant('publish'),
    app: fc.nat(1),
    topic: fc.constantFrom('session1', 'session2', 'updates'),
  }),
);

describe('the hub', () => {
  it('delivers each offset once, and again when the log is another one', async () => {
    const hub = new Hub(createLocalBus(), new Traffic(), 1_000_000);
    const got: unknown[] = [];
    const client = {
      id: '1',
      isCompressed: false,
      overflow: () => {},
      send: (frame: Buffer) => void got.push(JSON.parse(dataIn(frame)).n),
    };
    const info = parsePusherChannel('session1');
    if (!info) throw new Error('This is no channel.');
    await hub.subscribe(1, info, client);
    hub.confirm(1, 'session1', client);
    const deliver = (offset: number, n: number) =>
      hub.deliver({ appId: 1, topic: 'session1', event: 'e', payload: { n }, at: [0, offset] });
    for (const offset of [1, 2, 2, 1]) deliver(offset, offset);
    expect(got).toEqual([1, 2]);
    hub.forgetDelivered();
    deliver(2, 3);
    expect(got).toEqual([1, 2, 3]);
  });

  it('delivers each message to its subscribers once and in order, and subscribes to nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const subscribed = new Set<string>();
        const bus = {
          ...createLocalBus(),
          subscribe: async (app: number, topic: string) => void subscribed.add(`${app} ${topic}`),
          unsubscribe: (app: number, topic: string) => void subscribed.delete(`${app} ${topic}`),
        };
        const hub = new Hub(bus, new Traffic(), 1_000_000);
        const got: number[][] = [[], [], [], []];
        const expected: number[][] = [[], [], [], []];
        const clients = got.map((numbers, who) => ({
          id: String(who),
          isCompressed: false,
          overflow: () => {},
          send: (frame: Buffer) => void numbers.push(JSON.parse(dataIn(frame)).n),
        }));
        /** What each client should receive according to a model of two sets and a list. */
        const subscriptions = new Map<string, { confirmed: boolean; held: number[] }>();
        let n = 0;
        for (const step of actions) {
          if ('topic' in step) {
            n += 1;
            for (const name of channelNamesOf(step.topic)) {
              for (const [who, numbers] of expected.entries()) {
                const subscription = subscriptions.get(`${step.app} ${name} ${who}`);
                (subscription?.confirmed ? numbers : subscription?.held)?.push(n);
              }
            }
            hub.deliver({ appId: step.app, topic: step.topic, event: 'e', payload: { n } });
            continue;
          }
          const key = `${step.app} ${step.channel} ${step.who}`;
          const client = clients[step.who];
          const info = parsePusherChannel(step.channel);
          if (!client || !info) throw new Error('the test is wrong');
          const known = subscriptions.get(key);
          if (step.do === 'subscribe' && !known) {
            subscriptions.set(key, { confirmed: false, held: [] });
            await hub.subscribe(step.app, info, client);
          } else if (step.do === 'confirm' && known) {
            if (!known.confirmed) expected[step.who]?.push(...known.held);
            known.confirmed = true;
            hub.confirm(step.app, step.channel, client);
          } else if (step.do === 'unsubscribe') {
            subscriptions.delete(key);
            hub.unsubscribe(step.app, step.channel, client);
          }
        }
        expect(got).toEqual(expected);
        const topics = [...subscriptions.keys()].map((key) => {
          const [app, name = ''] = key.split(' ');
          return `${app} ${parsePusherChannel(name)?.topic}`;
        });
        expect([...subscribed].sort()).toEqual([...new Set(topics)].sort());
      }),
    );
  });
});

/** The data of a frame shorter than 126 bytes. */
function dataIn(frame: Buffer): string {
  return JSON.parse(frame.subarray(2).toString()).data;
}

describe('a message', () => {
  it('is not encoded without subscribers, and is encoded once for all of them', async () => {
    const hub = new Hub(createLocalBus(), new Traffic(), 1_000_000);
    let encoded = 0;
    const payload = {
      toJSON() {
        encoded += 1;
        return { n: 1 };
      },
    };
    const deliver = () => hub.deliver({ appId: 1, topic: 'session1', event: 'e', payload });
    deliver();
    expect(encoded).toBe(0);
    const frames: Buffer[] = [];
    for (const name of channelNamesOf('session1')) {
      const info = parsePusherChannel(name);
      if (!info) throw new Error('the test is wrong');
      for (let n = 0; n < 100; n += 1) {
        const client = {
          id: `${name} ${n}`,
          isCompressed: false,
          overflow: () => {},
          send: (frame: Buffer) => void frames.push(frame),
        };
        await hub.subscribe(1, info, client);
        hub.confirm(1, name, client);
      }
    }
    deliver();
    expect(encoded).toBe(1);
    expect(frames).toHaveLength(300);
    // All subscribers of a channel get the very same bytes.
    expect(new Set(frames).size).toBe(3);
  });

  it('that is read from the log again is delivered once, and earlier messages are not delivered anymore', async () => {
    const hub = new Hub(createLocalBus(), new Traffic(), 1_000_000);
    const info = parsePusherChannel('session1');
    if (!info) throw new Error('the test is wrong');
    const received: unknown[] = [];
    const client = {
      id: '1.1',
      isCompressed: false,
      overflow: () => {},
      send: (frame: Buffer) => void received.push(JSON.parse(dataIn(frame))),
    };
    await hub.subscribe(1, info, client);
    hub.confirm(1, 'session1', client);
    const deliver = (partition: number, offset: number) =>
      hub.deliver({
        appId: 1,
        topic: 'session1',
        event: 'e',
        payload: { partition, offset },
        at: [partition, offset],
      });
    for (const offset of [1, 2, 2, 1, 3]) deliver(0, offset);
    deliver(5, 1);
    deliver(0, 3);
    expect(received).toEqual([
      { partition: 0, offset: 1 },
      { partition: 0, offset: 2 },
      { partition: 0, offset: 3 },
      { partition: 5, offset: 1 },
    ]);
  });
});

describe('frames', () => {
  it('of every length are decoded by a WebSocket client as sent', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].map((length) =>
      'ü'.repeat(length / 2).padEnd(length / 2, 'x'),
    );
    server.on('connection', (_socket, request) => {
      for (const text of texts) request.socket.write(textFrame(JSON.stringify({ event: 'e', data: text })));
    });
    await new Promise((resolve) => server.on('listening', resolve));
    const client = new RawClient(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    for (const text of texts) expect((await client.next('e')).data).toBe(text);
    client.ws.terminate();
    server.close();
  });
});

describe('names', () => {
  it('of our topics are channels in all three forms, and keep their topic', () => {
    const topic = fc.oneof(
      fc.constantFrom('messages', 'queues', 'sessions', 'agentbot', 'agentlive'),
      fc
        .tuple(fc.constantFrom('session', 'user', 'case', 'agent', 'queues-app-'), fc.integer({ min: 1 }))
        .map((it) => it.join('')),
    );
    fc.assert(
      fc.property(topic, (name) => {
        expect(parseTopic(name)).toBeDefined();
        expect(channelNamesOf(name).map((each) => parsePusherChannel(each)?.topic)).toEqual([
          name,
          name,
          name,
        ]);
      }),
    );
  });

  it('are rejected if they contain a character that Pusher does not allow', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 250 }), (name) => {
        const isAllowed = /^([A-Za-z0-9_\-=@,.;]{1,200})$/.test(name) && !/^(private|presence)-$/.test(name);
        const isUser = name.startsWith('#server-to-user-');
        expect(parsePusherChannel(name) !== undefined).toBe(isAllowed || isUser);
      }),
    );
  });
});
