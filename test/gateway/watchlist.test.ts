import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { acme, type Pusher, quiet, startGateway, type TestGateway } from '../support/gateway.ts';
import { heartbeatMs, startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
const servers: TestGateway[] = [];
beforeAll(async () => {
  redis = await startRedis();
  const node = () =>
    startGateway({
      bus: createRedisBus({ url: redis.url, log: quiet, history: noHistory, heartbeatMs }),
    });
  servers.push(await startGateway(), await node(), await node());
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  await redis?.stop();
});

/** Signs in as a user of the app with a watchlist, and records the presence events it receives. */
function watcher(server: TestGateway, id: string, watchlist: readonly unknown[] = []) {
  const received: string[] = [];
  const errors: number[] = [];
  const userData = JSON.stringify({ id, watchlist });
  const pusher = server.pusher({
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId }, callback) =>
        callback(null, { auth: signUser(acme, socketId, userData), user_data: userData }),
    },
  });
  for (const state of ['online', 'offline']) {
    pusher.user.watchlist.bind(state, ({ user_ids }: { user_ids: string[] }) => {
      received.push(`${user_ids.join()} ${state}`);
    });
  }
  pusher.connection.bind('error', ({ data }: { data?: { code: number } }) => errors.push(data?.code ?? 0));
  pusher.signin();
  return { pusher, received, errors, isSignedIn: pusher.user.signinDonePromise };
}

async function signedIn({ pusher }: { pusher: Pusher }): Promise<void> {
  await expect.poll(() => pusher.user.user_data).toBeTruthy();
}

describe.each([
  { where: 'on one node', nodes: [0, 0] },
  { where: 'on two nodes', nodes: [1, 2] },
])('a user with a watchlist, $where,', ({ nodes }) => {
  const [here, there] = nodes.map((at) => () => servers[at] as TestGateway) as [
    () => TestGateway,
    () => TestGateway,
  ];

  it('learns who is online, who comes online, and who goes offline with their last connection', async () => {
    const early = watcher(there(), 'early');
    await signedIn(early);
    const one = watcher(here(), 'one', ['early', 'late', 7]);
    await expect.poll(() => one.received).toEqual(['early online', 'late,7 offline']);
    const late = [watcher(there(), 'late'), watcher(there(), 'late')];
    await Promise.all(late.map(signedIn));
    await expect.poll(() => one.received.slice(2)).toEqual(['late online']);
    late[0]?.pusher.disconnect();
    const seven = watcher(here(), '7');
    await expect.poll(() => one.received.slice(3)).toEqual(['7 online']);
    late[1]?.pusher.disconnect();
    await expect.poll(() => one.received.slice(4)).toEqual(['late offline']);
    for (const { pusher } of [early, one, seven]) pusher.disconnect();
  });

  it('learns in turn that a user who moves between connections comes and goes, and in the end what holds', async () => {
    const watchers = [here(), there()].map((server, at) => watcher(server, `w${at}`, ['moving', 'end']));
    for (const { received } of watchers) await expect.poll(() => received).toEqual(['moving,end offline']);
    let moving = watcher(here(), 'moving');
    await signedIn(moving);
    for (let round = 1; round <= 20; round += 1) {
      const next = watcher([here(), there()][round % 2] as TestGateway, 'moving');
      await expect.poll(() => next.pusher.connection.state).toBe('connected');
      moving.pusher.disconnect();
      await signedIn(next);
      moving = next;
    }
    const end = watcher(there(), 'end');
    for (const { received } of watchers) {
      await expect.poll(() => received.at(-1)).toBe('end online');
      const changes = received.slice(1, -1);
      const inTurn = changes.map((_, at) => `moving ${at % 2 === 0 ? 'online' : 'offline'}`);
      expect(changes).toEqual(inTurn);
      expect(changes.at(-1)).toBe('moving online');
    }
    for (const { pusher } of [...watchers, moving, end]) pusher.disconnect();
  });

  it('can watch a hundred users at most, and is signed in regardless', async () => {
    const many = Array.from({ length: 101 }, (_, n) => `user${n}`);
    const one = watcher(here(), 'many', many);
    await expect.poll(() => one.errors).toEqual([4302]);
    await signedIn(one);
    expect(one.received).toEqual([]);
    one.pusher.disconnect();
  });
});

describe("the channel of a user's presence events", () => {
  it('cannot be subscribed to by name, and is not listed', async () => {
    const server = servers[0] as TestGateway;
    const one = watcher(server, 'hidden', ['hidden']);
    await signedIn(one);
    const client = server.raw();
    await client.socketId();
    client.subscribe('#user-online-hidden');
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ status: 400 });
    expect((await server.gateway.api.channels(acme.id, { prefix: '', info: [] })).channels).toEqual({});
    one.pusher.disconnect();
  });
});
