import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Echo from 'laravel-echo';
import PusherServer from 'pusher';
import pusherModule from 'pusher-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acme, people, startGateway, type TestGateway } from '../support/gateway.ts';

/** A back end as applications already have it: it signs its users' subscriptions and triggers events. */
let backEnd: Server;
let pusher: PusherServer;
let server: TestGateway;
const echoes: Echo<'pusher'>[] = [];

beforeAll(async () => {
  server = await startGateway({ config: { recheckMs: 20 } });
  pusher = new PusherServer({
    appId: String(acme.id),
    key: acme.key,
    secret: acme.secret,
    host: '127.0.0.1',
    port: String(server.port),
    useTLS: false,
    encryptionMasterKeyBase64: Buffer.alloc(32, 'k').toString('base64'),
  });
  backEnd = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request));
    const user = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const channel = form.get('channel_name') ?? '';
    const socketId = form.get('socket_id') ?? '';
    if (channel.includes('forbidden')) response.writeHead(403).end();
    else {
      const member = { user_id: user, user_info: { name: user.toUpperCase() } };
      const auth = channel.startsWith('presence-')
        ? pusher.authorizeChannel(socketId, channel, member)
        : pusher.authorizeChannel(socketId, channel);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(auth));
    }
  }).listen(0, '127.0.0.1');
  await once(backEnd, 'listening');
});
afterEach(() => {
  for (const echo of echoes.splice(0)) echo.disconnect();
});
afterAll(async () => {
  backEnd.close();
  backEnd.closeAllConnections();
  await server.stop();
});

/** The application's page, in which only the host is ours. */
function open(user: string): Echo<'pusher'> {
  const { port } = backEnd.address() as AddressInfo;
  const echo = new Echo({
    broadcaster: 'pusher',
    key: acme.key,
    cluster: '',
    Pusher: pusherModule,
    wsHost: '127.0.0.1',
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    authEndpoint: `http://127.0.0.1:${port}/broadcasting/auth`,
    bearerToken: user,
    withoutInterceptors: true,
  });
  echoes.push(echo);
  return echo;
}

/** Resolves when Echo has subscribed to a channel. */
const subscribed = (channel: { subscribed(act: () => void): unknown }) =>
  new Promise<void>((resolve) => void channel.subscribed(resolve));
const next = (listen: (act: (data: unknown) => void) => unknown) => new Promise(listen);

describe('an application with Laravel Echo and its own back end', () => {
  it('receives public events under Laravel’s names', async () => {
    const channel = open('ann').channel('orders');
    await subscribed(channel);
    const shipped = next((act) => channel.listen('OrderShipped', act));
    await pusher.trigger('orders', 'App\\Events\\OrderShipped', { order: { id: 7 } });
    expect(await shipped).toEqual({ order: { id: 7 } });
  });

  it('receives private events, and an error where it is not authorized', async () => {
    const echo = open('ann');
    const channel = echo.private('App.Models.Order.7');
    await subscribed(channel);
    const paid = next((act) => channel.listen('.order.paid', act));
    await pusher.trigger('private-App.Models.Order.7', 'order.paid', { sum: 12.5 });
    expect(await paid).toEqual({ sum: 12.5 });
    const refused = next((act) => echo.private('forbidden').error(act));
    expect(await refused).toMatchObject({ status: 403 });
  });

  it('receives notifications', async () => {
    const channel = open('ann').private('App.Models.User.1');
    await subscribed(channel);
    const notified = next((act) => channel.notification(act));
    const event = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated';
    await pusher.trigger('private-App.Models.User.1', event, { type: 'invoice', id: 'n1' });
    expect(await notified).toEqual({ type: 'invoice', id: 'n1' });
  });

  it('sees present, joining and leaving members', async () => {
    const room = open('ann').join('room.1');
    const here = next((act) => room.here(act));
    expect(await here).toEqual([{ name: 'ANN' }]);
    const joining = next((act) => room.joining(act));
    const bob = open('bob');
    const bobsRoom = bob.join('room.1');
    const hereForBob = (await next((act) => bobsRoom.here(act))) as { name: string }[];
    expect(hereForBob.map(({ name }) => name).sort()).toEqual(['ANN', 'BOB']);
    expect(await joining).toEqual({ name: 'BOB' });
    const whisper = next((act) => room.listenForWhisper('typing', act));
    bobsRoom.whisper('typing', { name: 'Bob' });
    expect(await whisper).toEqual({ name: 'Bob' });
    const leaving = next((act) => room.leaving(act));
    bob.leave('room.1');
    expect(await leaving).toEqual({ name: 'BOB' });
  });

  it('reads encrypted events, which the server cannot', async () => {
    const channel = open('ann').encryptedPrivate('secrets.1');
    await subscribed(channel);
    const received = next((act) => channel.listen('.published', act));
    await pusher.trigger('private-encrypted-secrets.1', 'published', { word: 'xyzzy' });
    expect(await received).toEqual({ word: 'xyzzy' });
    const tapped: string[] = [];
    const raw = server.raw();
    const auth = pusher.authorizeChannel(await raw.socketId(), 'private-encrypted-secrets.1');
    raw.subscribe('private-encrypted-secrets.1', { ...auth });
    await raw.next('pusher_internal:subscription_succeeded');
    await pusher.trigger('private-encrypted-secrets.1', 'published', { word: 'xyzzy' });
    tapped.push(JSON.stringify(await raw.next('published')));
    expect(tapped.join()).not.toContain('xyzzy');
    expect(tapped.join()).toContain('ciphertext');
  });

  it('excludes the page that caused an event', async () => {
    const [cause, other] = [open('ann'), open('ann')];
    const channels = [cause.channel('orders'), other.channel('orders')] as const;
    await Promise.all(channels.map(subscribed));
    const received: string[] = [];
    channels[0].listen('.changed', ({ n }: { n: number }) => received.push(`cause ${n}`));
    channels[1].listen('.changed', ({ n }: { n: number }) => received.push(`other ${n}`));
    await pusher.trigger('orders', 'changed', { n: 1 }, { socket_id: cause.socketId() ?? '' });
    await pusher.trigger('orders', 'changed', { n: 2 });
    await expect.poll(() => received.sort()).toEqual(['cause 2', 'other 1', 'other 2']);
  });

  it('resumes after a server restart', async () => {
    const echo = open('ann');
    const channel = echo.channel('orders');
    await subscribed(channel);
    const again = next((act) => channel.subscribed(() => act(undefined)));
    for (const { socketId } of server.gateway.inspection.connections({ appIds: null, limit: 10 }).items) {
      const authorization = 'Bearer unknown';
      server.gateway.watch({ principal: people.ann, authorization, appId: acme.id, socketId });
    }
    await again;
    const received = next((act) => channel.listen('.still', act));
    await pusher.trigger('orders', 'still', { here: true });
    expect(await received).toEqual({ here: true });
  });
});
