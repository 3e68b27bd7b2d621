import {
  type Client,
  type ClientOptions,
  createClient,
  createTokenStore,
  type Tokens,
  type WebSocketConstructor,
} from '@mevrik/client';
import PusherBackEnd from 'pusher';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
const clients: Client[] = [];
const sockets: WebSocket[] = [];
beforeAll(async () => {
  product = await startTestProduct({ RECOVERY_MAX_EVENTS: '10' });
  await product.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await product.database.sql`INSERT INTO bots (app_id, kind) VALUES (${product.app.id}, 'none')`;
});
afterAll(() => product.stop());
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
  sockets.length = 0;
});

/** Records its sockets, so that tests can cut them. */
class KnownSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    sockets.push(this);
  }
}

/** Cuts every connection without a close frame, as a network failure does. */
function cut(): void {
  for (const socket of sockets.splice(0)) socket.terminate();
}

function clientOf(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: product.url,
    appKey: product.app.key,
    WebSocket: KnownSocket as unknown as WebSocketConstructor,
    random: () => 0.05,
    ...options,
  });
  clients.push(client);
  return client;
}

/** A visitor who uses the SDK. */
async function visit() {
  const changes: Tokens[] = [];
  const anonymous = clientOf();
  const begun = await anonymous.rest.visitor.startVisit({ profile: { name: 'Vera' } });
  const onChange = (tokens: Tokens) => changes.push(tokens);
  const tokenStore = createTokenStore({ refresh: anonymous.rest.visitor.refreshVisit, onChange }, begun);
  const client = clientOf({ token: tokenStore.token });
  return {
    client,
    changes,
    tokenStore,
    sessionId: begun.session.id,
    topic: `session${begun.session.id}` as const,
  };
}

/** A session as the client shows it: the texts, and how the subscription resumed. */
function follow(client: Client, topic: `session${number}`) {
  const session = client.subscribe(topic);
  const shown: (string | undefined)[] = [];
  const fates: string[] = [];
  session.on('message_post', ({ message }) => shown.push(message.content.text));
  session.on('message_reply', ({ message }) => {
    if (message.sender.type === 'agent') shown.push(message.content.text);
  });
  session.when('recovered', (count) => fates.push(`recovered ${count}`));
  session.when('load', () => fates.push('load'));
  return { session, shown, fates };
}

describe('the SDK', () => {
  it('carries a conversation between a customer and an agent', async () => {
    const { client, sessionId, topic } = await visit();
    const agent = clientOf({ token: (await product.employ()).token });
    const { session, shown } = follow(client, topic);
    const queues = agent.subscribe('queues');
    await Promise.all([session.ready(), queues.ready()]);
    const waiting = new Promise<number>((resolve) => {
      queues.on('queue_created', ({ queueItem }) => resolve(queueItem.id));
    });
    await client.rest.visitor.writeMessage({ text: 'a person, please' });
    const accepted = await agent.rest.desk.acceptQueueItem(await waiting);
    expect(accepted.session.id).toBe(sessionId);
    await agent.rest.desk.reply(sessionId, { text: 'Here I am' });
    await expect.poll(() => shown).toEqual(['a person, please', 'Here I am']);
    const { items } = await agent.rest.desk.sessionMessages(sessionId, { limit: 1 });
    expect(items.map(({ content }) => content.text)).toEqual(['Here I am']);
  });

  it('recovers after a cut what it missed, and receives nothing twice', async () => {
    const { client, topic } = await visit();
    const { session, shown, fates } = follow(client, topic);
    await session.ready();
    await client.rest.visitor.writeMessage({ text: 'one' });
    await expect.poll(() => shown).toEqual(['one']);
    for (const text of ['two', 'three', 'four']) {
      cut();
      await client.rest.visitor.writeMessage({ text });
      await expect.poll(() => shown.at(-1)).toBe(text);
    }
    expect(shown).toEqual(['one', 'two', 'three', 'four']);
    await expect.poll(() => fates.length).toBeGreaterThan(0);
    expect(fates.filter((fate) => !fate.startsWith('recovered'))).toEqual(['load']);
  });

  it('reloads when it missed too much, and continues from there', async () => {
    const { client, topic } = await visit();
    const { session, shown, fates } = follow(client, topic);
    await session.ready();
    client.disconnect();
    for (let at = 0; at < 12; at += 1) await client.rest.visitor.writeMessage({ text: `missed ${at}` });
    client.connect();
    await expect.poll(() => fates).toEqual(['load', 'load']);
    await client.rest.visitor.writeMessage({ text: 'after' });
    await expect.poll(() => shown).toEqual(['after']);
  });

  it('loads once it is connected, after a network that failed at first', async () => {
    const { tokenStore, topic } = await visit();
    let hasFailed = false;
    const client = clientOf({
      token: tokenStore.token,
      fetch: (...request) => {
        if (hasFailed) return fetch(...request);
        hasFailed = true;
        return Promise.reject(new TypeError('The network is gone.'));
      },
    });
    const { session, fates } = follow(client, topic);
    await expect(session.ready()).rejects.toMatchObject({ status: 0 });
    expect(fates).toEqual([]);
    cut();
    await expect.poll(() => fates).toEqual(['load']);
  });

  it('continues where the previous page ended', async () => {
    const { client, tokenStore, topic } = await visit();
    const { session } = follow(client, topic);
    await session.ready();
    const position = session.position;
    client.disconnect();
    await client.rest.visitor.writeMessage({ text: 'between the pages' });
    const next = clientOf({ token: tokenStore.token }).subscribe(topic, position ? { from: position } : {});
    const received = new Promise((resolve) => {
      next.on('message_post', ({ message }) => resolve(message.content.text));
    });
    expect(await received).toBe('between the pages');
  });

  it('subscribes once for all users of a channel, until the last one unsubscribes', async () => {
    const { client, topic } = await visit();
    const [one, two] = [follow(client, topic), follow(client, topic)];
    await Promise.all([one.session.ready(), two.session.ready()]);
    one.session.unsubscribe();
    one.session.unsubscribe();
    await client.rest.visitor.writeMessage({ text: 'still subscribed' });
    await expect.poll(() => two.shown).toEqual(['still subscribed']);
    expect(one.shown).toEqual([]);
    two.session.unsubscribe();
    const third = follow(client, topic);
    await third.session.ready();
    expect(two.shown).toEqual(['still subscribed']);
  });

  it('reports why a subscription was rejected', async () => {
    const { client } = await visit();
    await expect(client.subscribe('queues').ready()).rejects.toMatchObject({ status: 403 });
    await expect(clientOf().subscribe('session1').ready()).rejects.toMatchObject({ status: 401 });
  });

  it('receives the public topic without a token, redacted', async () => {
    const { client } = await visit();
    const messages = clientOf().subscribe('messages');
    await messages.ready();
    const received = new Promise((resolve) => {
      messages.on('message_post', ({ message }) => resolve(message));
    });
    await client.rest.visitor.writeMessage({ text: 'a secret' });
    const message = await received;
    expect(message).toMatchObject({ kind: 'text', isReply: false });
    expect(JSON.stringify(message)).not.toContain('a secret');
  });

  it('knows who else is present, and who is typing', async () => {
    const { client, sessionId } = await visit();
    const { id, token } = await product.employ({ name: 'Kim' });
    const agent = clientOf({ token });
    const here = client.subscribe(`presence-session${sessionId}`);
    await here.ready();
    const received: unknown[] = [];
    here.when('joined', (member) => received.push(['joined', member]));
    here.when('left', (member) => received.push(['left', member.id]));
    here.typing.on(({ who, typing }) => received.push([who, typing]));
    const there = agent.subscribe(`presence-session${sessionId}`);
    await there.ready();
    expect([...there.members].map((member) => member.id).sort()).toEqual(
      [`agent-${id}`, ...[...here.members].map((member) => member.id)].sort().filter(unique),
    );
    there.typing.start();
    there.typing.start();
    there.typing.stop();
    await expect.poll(() => received.length).toBe(3);
    agent.disconnect();
    await expect.poll(() => received).toHaveLength(4);
    expect(received).toEqual([
      ['joined', { id: `agent-${id}`, info: { role: 'agent', name: 'Kim' } }],
      [`agent-${id}`, true],
      [`agent-${id}`, false],
      ['left', `agent-${id}`],
    ]);
  });

  it('receives what a back end sends to its user, also after a cut', async () => {
    const { client } = await visit();
    const received: unknown[] = [];
    const { id } = (await client.rest.visitor.me()).customer;
    const { port } = new URL(product.url);
    const backEnd = new PusherBackEnd({
      appId: String(product.app.id),
      key: product.app.key,
      secret: product.app.secret,
      host: '127.0.0.1',
      port,
    });
    client.user.on('hello', (data) => received.push(data));
    const send = async (n: number) => {
      await backEnd.sendToUser(`customer-${id}`, 'hello', { n });
      return received.length;
    };
    await expect.poll(() => send(1)).toBeGreaterThan(0);
    cut();
    received.length = 0;
    await expect.poll(() => send(2)).toBeGreaterThan(0);
    expect(received[0]).toEqual({ n: 2 });
  });

  it('does not receive the events it caused, if it opts out', async () => {
    const { tokenStore, topic, client: other } = await visit();
    const sender = clientOf({ token: tokenStore.token, toOthers: true });
    const [mine, others] = [follow(sender, topic), follow(other, topic)];
    await Promise.all([mine.session.ready(), others.session.ready()]);
    await sender.rest.visitor.writeMessage({ text: 'from here' });
    await other.rest.visitor.writeMessage({ text: 'from there' });
    await expect.poll(() => mine.shown.length).toBe(1);
    expect(mine.shown).toEqual(['from there']);
    await expect.poll(() => others.shown).toEqual(['from here', 'from there']);
  });
});

const unique = (one: string, at: number, all: readonly string[]) => all.indexOf(one) === at;

describe('the calls of the SDK', () => {
  it("reject with the server's problem, field by field", async () => {
    const { client } = await visit();
    await expect(client.rest.visitor.writeMessage({ kind: 'text' })).rejects.toMatchObject({
      name: 'MevrikError',
      status: 422,
      code: 'invalid_input',
      fields: [{ path: 'text', message: 'is required for this kind' }],
    });
  });

  it('write once what they had to resend for lack of a response', async () => {
    const { tokenStore } = await visit();
    let failures = 2;
    const client = clientOf({
      token: tokenStore.token,
      async fetch(...request) {
        const response = await fetch(...request);
        if (failures-- > 0) throw new TypeError('The connection was cut.');
        return response;
      },
    });
    await client.rest.visitor.writeMessage({ text: 'once' });
    expect(failures).toBeLessThan(0);
    const { items } = await client.rest.visitor.messages();
    expect(items.filter(({ isReply }) => !isReply).map(({ content }) => content.text)).toEqual(['once']);
  });

  it('are not repeated if that could have an effect twice', async () => {
    let calls = 0;
    const client = clientOf({
      fetch: async () => {
        calls += 1;
        throw new TypeError('The connection was cut.');
      },
    });
    await expect(client.rest.visitor.startVisit()).rejects.toMatchObject({ code: 'unreachable', status: 0 });
    expect(calls).toBe(1);
  });

  it('renew a rejected token, once for all calls that wait for it', async () => {
    const { client, changes, tokenStore } = await visit();
    await client.rest.visitor.me();
    expect(changes).toHaveLength(1);
    tokenStore.set({ ...(changes[0] as Tokens), accessToken: 'worn out' });
    const all = await Promise.all([
      client.rest.visitor.me(),
      client.rest.visitor.messages(),
      client.rest.visitor.me(),
    ]);
    expect(all).toHaveLength(3);
    expect(changes).toHaveLength(2);
  });
});
