import Echo from 'laravel-echo';
import pusherModule from 'pusher-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextEvent, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
beforeAll(async () => {
  server = await startGateway();
});
afterAll(() => server.stop());

const payload = { message: { id: 5, text: 'Grüße, "quoted" \u2028 😀' } };
const publish = (topic: string, more: object = {}) =>
  server.gateway.publish([{ appId: 1, topic, event: 'message_post', payload, ...more }]);

describe('pusher-js', () => {
  it('receives events of the public channel', async () => {
    const channel = server.pusher().subscribe('messages');
    await nextEvent(channel, 'pusher:subscription_succeeded');
    const message = nextEvent(channel, 'message_post');
    await publish('messages');
    expect(await message).toEqual(payload);
  });

  it('receives events of its own session as private-session1', async () => {
    const channel = server.pusher({ as: 'ann' }).subscribe('private-session1');
    await nextEvent(channel, 'pusher:subscription_succeeded');
    const message = nextEvent(channel, 'message_post');
    await publish('session1');
    expect(await message).toEqual(payload);
  });

  it('cannot subscribe to the session of another customer', async () => {
    const channel = server.pusher({ as: 'bob' }).subscribe('private-session1');
    expect(await nextEvent(channel, 'pusher:subscription_error')).toMatchObject({ status: 403 });
    expect(server.audited).toContainEqual(
      expect.objectContaining({
        action: 'subscription.reject',
        actor: 'customer 12',
        target: 'private-session1',
      }),
    );
  });

  it('is audited once for each channel that it is refused, by who it is', async () => {
    const client = server.raw();
    const socketId = await client.socketId();
    const authorize = async (channel: string) => {
      const body = JSON.stringify({ socket_id: socketId, channel_name: channel });
      const headers = { 'content-type': 'application/json', authorization: 'Bearer bob' };
      return (await fetch(`${server.url}/broadcasting/auth`, { method: 'POST', body, headers })).status;
    };
    const refused = () =>
      server.audited.flatMap(({ action, actor, target, detail }) =>
        action === 'subscription.reject' && detail?.socketId === socketId ? [`${actor}: ${target}`] : [],
      );
    expect(await authorize('private-session1')).toBe(403);
    client.subscribe('private-session1', { auth: 'acme:00' });
    await client.next('pusher:subscription_error');
    expect(await authorize('private-session1')).toBe(403);
    expect(refused()).toEqual(['customer 12: private-session1']);
    // Authorized for its own session, the connection is known.
    expect(await authorize('private-session2')).toBe(200);
    for (let at = 0; at < 3; at += 1) {
      client.subscribe('private-agentlive', { auth: 'acme:00' });
      await client.next('pusher:subscription_error');
    }
    expect(refused()).toEqual(['customer 12: private-session1', 'customer 12: private-agentlive']);
  });

  it('subscribes to our plain names once it has signed in, and not before', async () => {
    const stranger = server.pusher().subscribe('session1');
    expect(await nextEvent(stranger, 'pusher:subscription_error')).toMatchObject({ status: 403 });
    const pusher = server.pusher({ as: 'ann' });
    pusher.signin();
    await pusher.user.signinDonePromise;
    const channel = pusher.subscribe('session1');
    await nextEvent(channel, 'pusher:subscription_succeeded');
    const message = nextEvent(channel, 'message_post');
    await publish('session1');
    expect(await message).toEqual(payload);
  });

  it('sees the other members of a presence channel', async () => {
    const first = server.pusher({ as: 'agent' }).subscribe('presence-queues');
    await nextEvent(first, 'pusher:subscription_succeeded');
    const added = nextEvent(first, 'pusher:member_added');
    const second = server.pusher({ as: 'supervisor' });
    const members = await nextEvent<{ count: number; myID: string }>(
      second.subscribe('presence-queues'),
      'pusher:subscription_succeeded',
    );
    expect(members).toMatchObject({ count: 2, myID: 'agent-7' });
    expect(await added).toEqual({ id: 'agent-7', info: { role: 'supervisor', name: 'Sue' } });
    const removed = nextEvent(first, 'pusher:member_removed');
    second.disconnect();
    expect(await removed).toMatchObject({ id: 'agent-7' });
  });

  it('does not receive the events it caused', async () => {
    const [cause, other] = [server.pusher(), server.pusher()];
    const channels = [cause.subscribe('messages'), other.subscribe('messages')] as const;
    await Promise.all(channels.map((channel) => nextEvent(channel, 'pusher:subscription_succeeded')));
    const seen: string[] = [];
    channels[0].bind('message_post', () => seen.push('cause'));
    const received = nextEvent(channels[1], 'message_post');
    const both = Promise.all(channels.map((channel) => nextEvent(channel, 'second')));
    await publish('messages', { exceptSocketId: cause.connection.socket_id });
    await publish('messages', { event: 'second' });
    await Promise.all([received, both]);
    expect(seen).toEqual([]);
  });

  it("sends client events to the others, with the sender's id", async () => {
    const ann = server.pusher({ as: 'ann' }).subscribe('presence-session1');
    await nextEvent(ann, 'pusher:subscription_succeeded');
    const agent = server.pusher({ as: 'agent' }).subscribe('presence-session1');
    await nextEvent(agent, 'pusher:subscription_succeeded');
    const from = new Promise((resolve) => {
      agent.bind('client-typing', (data: unknown, meta: unknown) => resolve({ data, meta }));
    });
    expect(ann.trigger('client-typing', { on: true })).toBe(true);
    expect(await from).toEqual({ data: { on: true }, meta: { user_id: 'customer-11' } });
  });

  it('is disconnected with an error when the app does not exist', async () => {
    const pusher = server.pusher({ key: 'unknown' });
    const { data } = await nextEvent<{ data: { code: number } }>(pusher.connection, 'error').then(
      (error) => (error as unknown as { error: { data: { code: number } } }).error,
    );
    expect(data.code).toBe(4001);
  });
});

describe('laravel-echo', () => {
  const connect = (as: string) =>
    new Echo({
      broadcaster: 'reverb',
      key: 'acme',
      Pusher: pusherModule,
      wsHost: '127.0.0.1',
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      authEndpoint: `${server.url}/broadcasting/auth`,
      bearerToken: as,
      withoutInterceptors: true,
    });

  it('listens, whispers, and joins presence channels', async () => {
    const [ann, agent] = [connect('ann'), connect('agent')];
    const annSide = ann.private('session1');
    const agentSide = agent.private('session1');
    const subscribed = (channel: typeof annSide) =>
      new Promise<void>((resolve) => void channel.subscribed(() => resolve()));
    await Promise.all([subscribed(annSide), subscribed(agentSide)]);

    const message = new Promise((resolve) => void annSide.listen('.message_reply', resolve));
    await publish('session1', { event: 'message_reply' });
    expect(await message).toEqual(payload);

    const whisper = new Promise((resolve) => void agentSide.listenForWhisper('typing', resolve));
    annSide.whisper('typing', { on: true });
    expect(await whisper).toEqual({ on: true });

    const here = new Promise((resolve) => void agent.join('agentlive').here(resolve));
    expect(await here).toEqual([{ role: 'agent', name: 'Alex' }]);
    ann.disconnect();
    agent.disconnect();
  });
});
