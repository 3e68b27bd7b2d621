import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import {
  expectReached,
  join,
  listen,
  messagesTo,
  publish,
  startRedisNode,
} from '../support/gateway-clients.ts';
import { type SentinelGroup, sendCommand, startSentinelGroup } from '../support/redis-groups.ts';

let group: SentinelGroup;
let one: TestGateway;
let two: TestGateway;
let said: string[];
beforeAll(async () => {
  group = await startSentinelGroup();
});
afterAll(() => group?.stop());
beforeEach(async () => {
  said = [];
  const say = (detail: object, message: string) => {
    if ('purpose' in detail) said.push(`${detail.purpose}: ${message}`);
  };
  [one, two] = await Promise.all([
    startRedisNode(group.url),
    startRedisNode(group.url, { log: { info: say, warn: say, error: say } }),
  ]);
});
afterEach(() => Promise.all([one?.stop(), two?.stop()]));

/** All Sentinels agree on a master that has a replica again. */
async function expectSettled(): Promise<void> {
  await expect
    .poll(
      async () => {
        // No master during the failover: ask again.
        const master = await group.master().catch(() => undefined);
        // The master was killed: ask again.
        return master && String(await sendCommand(master, ['INFO', 'replication']).catch(() => ''));
      },
      { interval: 200 },
    )
    .toMatch(/role:master[\s\S]*state=online/);
}

describe('two nodes on a master watched by Sentinels', () => {
  it('fail over to the replica when the master is killed, and keep their clients connected', async () => {
    const [here, there] = [await listen(one, 'messages'), await listen(two, 'messages')];
    await expectReached(one, 'messages', [there]);
    const [ann, bob] = [one.raw(), two.raw()];
    await join(ann, 'ann', 'presence-room');
    expect(await join(bob, 'bob', 'presence-room')).toEqual(['ann', 'bob']);
    const killed = await group.master();
    await killed.end('SIGKILL');
    await publish(one, 'messages', { text: 'at home' });
    await expect.poll(() => messagesTo(here)).toContainEqual({ text: 'at home' });
    await expectReached(one, 'messages', [here, there]);
    await expectReached(two, 'messages', [here, there]);
    expect(await group.master()).not.toBe(killed);
    for (const node of [one, two]) {
      const members = async () =>
        [...(await node.bus.presence.members(1, 'presence-room')).members.keys()].sort();
      await expect.poll(members).toEqual(['ann', 'bob']);
    }
    expect([here, there, ann, bob].map(({ ws }) => ws.readyState)).toEqual([1, 1, 1, 1]);
    for (const purpose of ['publishing', 'subscribing']) {
      expect(said.filter((line) => line.startsWith(purpose))).toEqual([
        `${purpose}: Redis connection lost; reconnecting`,
        `${purpose}: Redis connection restored`,
      ]);
    }
    await killed.begin();
    await expectSettled();
    await expectReached(two, 'messages', [here, there]);
  });

  it('follow a switch to another master while the old one is still running', async () => {
    await expectSettled();
    const there = await listen(two, 'messages');
    await expectReached(one, 'messages', [there]);
    const old = await group.master();
    // On a slow machine Sentinels abort a failover and must be asked for another one.
    const masterAfterAsking = async () => {
      // No master during the failover: ask again.
      const master = await group.master().catch(() => undefined);
      if (master === old)
        // A failover is in progress.
        await sendCommand(group.sentinels[0] ?? old, ['SENTINEL', 'FAILOVER', 'orders']).catch(() => {});
      return (master ?? old).port;
    };
    await expect.poll(masterAfterAsking).not.toBe(old.port);
    await expectReached(one, 'messages', [there]);
    await expectSettled();
  });

  it('leave a hanging master for its replica, and stay there when the old master resumes', async () => {
    await expectSettled();
    const there = await listen(two, 'messages');
    await expectReached(one, 'messages', [there]);
    const hung = await group.master();
    hung.hang();
    try {
      // No master during the failover: ask again.
      await expect.poll(() => group.master().catch(() => hung)).not.toBe(hung);
      await expectReached(one, 'messages', [there]);
    } finally {
      hung.goOn();
    }
    await expectSettled();
    expect(await group.master()).not.toBe(hung);
    await expectReached(one, 'messages', [there]);
  });

  it('ask the other Sentinels when one is down', async () => {
    const [gone] = group.sentinels;
    await gone?.end('SIGKILL');
    const there = await listen(two, 'messages');
    const third = await startRedisNode(group.url);
    await expectReached(third, 'messages', [there]);
    await third.stop();
    await gone?.begin();
  });
});

describe('a master and Sentinels that require a password', () => {
  it('receive it', async () => {
    const guarded = await startSentinelGroup({ password: 'open-sesame' });
    onTestFinished(() => guarded.stop());
    const [three, four] = [await startRedisNode(guarded.url), await startRedisNode(guarded.url)];
    onTestFinished(() => Promise.all([three.stop(), four.stop()]).then(() => {}));
    await expectReached(three, 'messages', [await listen(four, 'messages')]);
  });
});
