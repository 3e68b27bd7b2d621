import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FencedError } from '../../packages/server/src/dispatch/errors.ts';
import { createDeadLetters } from '../../packages/server/src/dispatch/inspect/dead-letters.ts';
import { queued } from '../../packages/server/src/dispatch/listener.ts';
import { Positions } from '../../packages/server/src/dispatch/positions.ts';
import { ProgressReader } from '../../packages/server/src/dispatch/progress-reader.ts';
import { subscriptionsOf } from '../../packages/server/src/dispatch/subscription.ts';
import { customerOf, effectsOf, eventually, recording, type TestNode, tableOf } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const { start, create } = useNodes();

/** A listener that fails for these apps. */
const failingFor = (sick: ReadonlySet<number>, name = 'Sick') =>
  recording(
    name,
    ({ appId }) => {
      if (sick.has(appId)) throw new Error('the system of this app is broken');
    },
    { retries: 0 },
  );

const pause = (node: TestNode, listener: string, appId: number) => node.database.sql`
  INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${listener}, ${appId}, 'a test')
  ON CONFLICT DO NOTHING`;

const pausedApps = async (node: TestNode) =>
  (await node.database.sql<{ app_id: number }[]>`SELECT app_id FROM paused_apps ORDER BY app_id`).map(
    (row) => row.app_id,
  );

const ownCheckpoints = async (node: TestNode) => (await node.database.sql`SELECT FROM app_checkpoints`).count;

const deadLettersOf = (node: TestNode) => createDeadLetters(node.database, () => node.dispatcher.refresh());

/** What a listener has seen of the keys that begin with this, in its order. */
async function seenOf(node: TestNode, listener: string, start: string) {
  const seen = await effectsOf(node, listener);
  return Object.fromEntries(Object.entries(seen).filter(([key]) => key.startsWith(start)));
}

describe('an app whose events fail', () => {
  it('pauses the listener for itself alone, and loses nothing', async () => {
    const sick = new Set([1]);
    const node = await start([failingFor(sick), recording('Healthy')], { parkedLimit: 5 });
    for (const number of upTo(30)) {
      await raise(node, `1/key${number}`, number, 1);
      await raise(node, `2/key${number}`, number, 2);
    }
    await expect.poll(() => pausedApps(node)).toEqual([1]);
    expect(node.logged.map(({ message }) => message)).toContain(
      'a listener was paused for an app: too many parked events',
    );
    const others = Object.fromEntries(upTo(30).map((number) => [`2/key${number}`, [number]]));
    await expect.poll(() => seenOf(node, 'Sick', '2/')).toEqual(others);
    await expect.poll(async () => Object.keys(await effectsOf(node, 'Healthy'))).toHaveLength(60);
    // Those that wait are not parked: the limit was reached, plus what was under way in other partitions.
    const parked = (await node.database.sql`SELECT FROM parked_events`).count;
    expect(parked).toBeGreaterThanOrEqual(5);
    expect(parked).toBeLessThan(30);

    sick.clear();
    const deadLetters = deadLettersOf(node);
    await deadLetters.retry({ subscription: 'Sick' }, {}, 'a test');
    expect(await deadLetters.resume('Sick', 2, 'a test')).toBe(0);
    expect(await pausedApps(node)).toEqual([1]);
    expect(await deadLetters.resume('Sick', 1, 'a test')).toBe(1);
    const own = Object.fromEntries(upTo(30).map((number) => [`1/key${number}`, [number]]));
    await expect.poll(() => seenOf(node, 'Sick', '1/')).toEqual(own);
    await expect.poll(() => ownCheckpoints(node)).toBe(0);
  });

  it('are counted for each app: two below the limit pause nothing', async () => {
    const node = await start([failingFor(new Set([1, 2]))], { parkedLimit: 5 });
    for (const number of upTo(4)) {
      for (const appId of [1, 2]) await raise(node, `${appId}/key${number}`, number, appId);
    }
    await expect.poll(async () => (await node.database.sql`SELECT FROM parked_events`).count).toBe(8);
    await node.dispatcher.settled();
    expect(await pausedApps(node)).toEqual([]);
    await raise(node, '2/key5', 5, 2);
    await expect.poll(() => pausedApps(node)).toEqual([2]);
  });
});

describe('a listener that is resumed for an app', () => {
  it('handles what has waited before new events of the app, in order', async () => {
    const node = await start([recording('Listener')]);
    await pause(node, 'Listener', 1);
    await node.dispatcher.refresh();
    for (const number of upTo(300)) await raise(node, '1/a', number, 1);
    for (const number of upTo(10)) await raise(node, '2/a', number, 2);
    await node.dispatcher.settled();
    expect(await effectsOf(node, 'Listener')).toEqual({ '2/a': upTo(10) });
    await Promise.all([
      deadLettersOf(node).resume('Listener', undefined, 'a test'),
      (async () => {
        for (const number of upTo(100)) await raise(node, '1/a', 300 + number, 1);
      })(),
    ]);
    await expect.poll(() => effectsOf(node, 'Listener')).toEqual({ '1/a': upTo(400), '2/a': upTo(10) });
    await expect.poll(() => ownCheckpoints(node)).toBe(0);
  });

  it('keeps each event once and in order while apps are paused and resumed and nodes come and go', async () => {
    const listeners = () => [recording('Listener'), recording('Other')];
    const first = await start(listeners());
    const apps = [1, 2, 3];
    const keys = apps.flatMap((appId) => upTo(4).map((number) => ({ appId, key: `${appId}/key${number}` })));
    let isDone = false;
    const raising = Promise.all(
      keys.map(async ({ appId, key }) => {
        for (const number of upTo(60)) await raise(first, key, number, appId);
      }),
    ).finally(() => {
      isDone = true;
    });
    for (let turn = 0; !isDone || turn < 6; turn++) {
      const appId = apps[turn % apps.length] ?? 1;
      await pause(first, 'Listener', appId);
      const second = await start(listeners());
      await eventually(
        () => second.dispatcher.partitions().length,
        (owned) => owned > 0,
      );
      await first.dispatcher.refresh();
      await deadLettersOf(first).resume('Listener', turn % 2 === 0 ? appId : undefined, 'a test');
      await second.stop();
    }
    await raising;
    await deadLettersOf(first).resume('Listener', undefined, 'a test');
    const all = Object.fromEntries(keys.map(({ key }) => [key, upTo(60)]));
    await expect.poll(() => effectsOf(first, 'Listener')).toEqual(all);
    await expect.poll(() => effectsOf(first, 'Other')).toEqual(all);
  });

  it('stores how far other listeners are while it catches up for long', async () => {
    let delayMs = 5;
    const slow = recording('Slow', () => delay(delayMs));
    const rare = queued<unknown, 'MevrikCaseCreatedEvent'>({
      name: 'Rare',
      summary: 'Listens to events that do not occur here.',
      handle: async () => {},
    });
    const table = tableOf({ NewCustomerProfileCreated: [slow], MevrikCaseCreatedEvent: [rare] });
    const node = await start([], { table, stallMs: 60_000, timeoutMs: 60_000 });
    await pause(node, 'Slow', 1);
    await node.dispatcher.refresh();
    await node.unitOfWork.run(async (tx) => {
      for (const number of upTo(1_500)) {
        tx.raise('NewCustomerProfileCreated', { customer: customerOf('1/a', number, 1) });
      }
    });
    const storedOf = async (name: string) =>
      (
        await node.database.sql<{ most: number }[]>`
          SELECT max("offset") AS most FROM checkpoints WHERE subscription = ${name}`
      )[0]?.most;
    await expect.poll(() => storedOf('Slow')).toBe(1_500);
    await deadLettersOf(node).resume('Slow', undefined, 'a test');
    await expect.poll(() => effectsOf(node, 'Slow')).not.toEqual({});
    await raise(node, '1/a', 1_501, 1);
    await expect.poll(() => storedOf('Rare')).toBe(1_501);
    expect(await ownCheckpoints(node)).toBe(1);
    delayMs = 0;
    await expect.poll(() => ownCheckpoints(node)).toBe(0);
    expect(await effectsOf(node, 'Slow')).toEqual({ '1/a': upTo(1_501) });
  });

  it('parks an event that fails while it catches up, and goes on', async () => {
    let isSick = true;
    const node = await start([
      recording(
        'Listener',
        ({ key, data }) => {
          if (isSick && key === '1/bad' && data.customer.id === 3) throw new Error('poison');
        },
        { retries: 0, onDeadLetter: 'hold' },
      ),
    ]);
    await pause(node, 'Listener', 1);
    await node.dispatcher.refresh();
    for (const number of upTo(6)) {
      await raise(node, '1/bad', number, 1);
      await raise(node, '1/good', number, 1);
    }
    await deadLettersOf(node).resume('Listener', 1, 'a test');
    await expect.poll(() => effectsOf(node, 'Listener')).toEqual({ '1/bad': [1, 2], '1/good': upTo(6) });
    await raise(node, '1/bad', 7, 1);
    await node.dispatcher.settled();
    isSick = false;
    await deadLettersOf(node).retry({ subscription: 'Listener' }, {}, 'a test');
    await expect.poll(() => effectsOf(node, 'Listener')).toEqual({ '1/bad': upTo(7), '1/good': upTo(6) });
  });
});

it('apps that catch up take turns with all others as one', () => {
  const table = tableOf({ NewCustomerProfileCreated: [recording('First'), recording('Second')] });
  const pauses = { appsOf: () => new Set([4]) };
  const { database } = create([]);
  const positions = new Positions(0, database.sql, pauses);
  const at = (subscription: string, appId: number | null, offset: number) => ({
    subscription,
    appId,
    offset,
    splits: 0,
  });
  positions.replace(subscriptionsOf(table), {
    checkpoints: [
      at('First', null, 500),
      at('Second', null, 480),
      ...[1, 2, 3].map((appId) => at('First', appId, appId === 2 ? 30 : 10)),
      at('First', 4, 0),
      at('Second', 1, 70),
    ],
  });
  const turn = [...positions.groups()].map(([offset, group]) => [
    offset,
    group.map(({ subscription, appId }) => [subscription.name, appId]),
  ]);
  expect(Object.fromEntries(turn)).toEqual({
    500: [['First', null]],
    480: [['Second', null]],
    10: [
      ['First', 1],
      ['First', 3],
    ],
  });
});

describe('a former owner of a partition', () => {
  it('cannot move checkpoints once apps were split off or joined again', async () => {
    const node = await start([recording('Listener')]);
    const [partition = 0] = node.dispatcher.partitions();
    await node.stop();
    const { database } = create([recording('Listener')]);
    const subscriptions = subscriptionsOf(tableOf({ NewCustomerProfileCreated: [recording('Listener')] }));
    const paused = new Set<number>();
    const load = async () => {
      const pauses = { appsOf: () => paused };
      const positions = new Positions(partition, database.sql, pauses);
      positions.replace(subscriptions, await new ProgressReader(database, []).read(partition));
      const [[shared] = []] = [...positions.groups().values()];
      if (!shared) throw new Error('there is no position');
      return { positions, shared };
    };

    const former = await load();
    const owner = await load();
    paused.add(1);
    await owner.positions.splitPausedApps(owner.shared);
    former.shared.seen += 1;
    await expect(former.positions.flush()).rejects.toThrow(FencedError);
    await expect(former.positions.splitPausedApps(former.shared)).rejects.toThrow(FencedError);

    const late = await load();
    paused.clear();
    await owner.positions.joinCaughtUp();
    expect((await database.sql`SELECT FROM app_checkpoints`).count).toBe(0);
    await expect(late.positions.joinCaughtUp()).rejects.toThrow(FencedError);
    late.shared.seen += 1;
    await expect(late.positions.flush()).rejects.toThrow(FencedError);
    owner.shared.seen += 1;
    await owner.positions.flush();
  });
});
