import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeadLetters } from '../../packages/server/src/dispatch/inspect/dead-letters.ts';
import { createReplays } from '../../packages/server/src/dispatch/replay/replays.ts';
import { subscriptionsOf } from '../../packages/server/src/dispatch/subscription.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  createEffectsTable,
  createNode,
  customerOf,
  effectsOf,
  eventually,
  recording,
  type TestNode,
  tableOf,
} from '../support/dispatch.ts';
import { killHard, startProcess } from '../support/processes.ts';

const workerFile = fileURLToPath(new URL('../support/dispatch-worker.ts', import.meta.url));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const keys = upTo(12).map((number) => `key${number}`);

let database: TestDatabase;
let workers: ChildProcess[];
let writer: TestNode;
let isSupervised: boolean;

beforeEach(async () => {
  database = await createTestDatabase({ allowLeaks: true });
  workers = [];
  // It writes and never handles, so that the workers handle every event.
  writer = createNode(database.connection, {
    table: tableOf({ NewCustomerProfileCreated: [recording('First')] }),
  });
  await createEffectsTable(writer);
});
afterEach(async () => {
  isSupervised = false;
  await Promise.all(workers.map(killHard));
  await writer.database.close();
  await database.drop();
});

async function startWorker(
  how: { dieAt?: number; hangAt?: number; workMs?: number; deadAfterMs?: number } = {},
): Promise<ChildProcess> {
  const worker = await startProcess(workerFile, {
    WORKER: JSON.stringify({ connection: database.connection, ...how }),
  });
  workers.push(worker);
  return worker;
}

/** Starts a worker, and another one whenever it has ended. @returns how often one has ended. */
function supervise(how: { dieAt?: number; hangAt?: number }): { readonly ends: () => number } {
  let ends = 0;
  isSupervised = true;
  const run = async (): Promise<void> => {
    // It may end before it has started.
    // Soon, whether a worker has ended is known.
    const worker = await startWorker({ ...how, deadAfterMs: 1_000 }).catch(() => undefined);
    if (worker && worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    if (!isSupervised) return;
    ends += 1;
    await run();
  };
  void run();
  return { ends: () => ends };
}

async function raise(key: string, number: number): Promise<void> {
  await writer.unitOfWork.run(async (tx) =>
    tx.raise('NewCustomerProfileCreated', { customer: customerOf(key, number) }),
  );
}

async function expectEachOnceInOrder(perKey: number): Promise<void> {
  const seen = await eventually(
    () => effectsOf(writer, 'First'),
    (effects) => Object.values(effects).flat().length >= keys.length * perKey,
  );
  for (const key of keys) expect(seen[key]).toEqual(upTo(perKey));
}

/** Starts a replay of all events. */
async function startReplay() {
  const replays = createReplays({
    database: writer.database,
    subscriptions: subscriptionsOf(tableOf({ NewCustomerProfileCreated: [recording('First')] })),
    environment: 'test',
    changed: async () => {},
  });
  const filter = { types: ['NewCustomerProfileCreated' as const] };
  const { id } = await replays.start({ listeners: ['First'], filter }, { actor: 'a person' });
  return { replays, id };
}

describe('a process killed with SIGKILL', () => {
  it('between the commit and the handling: another one handles the events it left', async () => {
    const first = await startWorker();
    await killHard(first);
    for (const number of upTo(5)) await Promise.all(keys.map((key) => raise(key, number)));
    expect(await effectsOf(writer, 'First')).toEqual({});
    await startWorker();
    await expectEachOnceInOrder(5);
  });

  it('in the middle of a batch: the batch is rolled back, and handled once', async () => {
    for (const number of upTo(10)) await Promise.all(keys.map((key) => raise(key, number)));
    const registered = await startWorker();
    await killHard(registered);
    await writer.database.sql`UPDATE checkpoints SET "offset" = 0`;
    await writer.database.sql`TRUNCATE effects`;
    // It dies, possibly before it has started.
    const doomed = startWorker({ dieAt: 6, workMs: 5 }).catch(() => undefined);
    await doomed;
    await eventually(
      () => workers.every((worker) => worker.exitCode !== null || worker.signalCode !== null),
      (dead) => dead,
    );
    await startWorker();
    await expectEachOnceInOrder(10);
  });

  it('in the middle of a replay: another one continues it, and each event has rerun once', async () => {
    const healthy = await startWorker();
    for (const number of upTo(10)) await Promise.all(keys.map((key) => raise(key, number)));
    await expectEachOnceInOrder(10);
    await killHard(healthy);
    await writer.database.sql`TRUNCATE effects`;
    const { replays, id } = await startReplay();
    // It dies, possibly before it has started.
    await startWorker({ dieAt: 6, workMs: 5 }).catch(() => undefined);
    await eventually(
      () => workers.every((worker) => worker.exitCode !== null || worker.signalCode !== null),
      (dead) => dead,
    );
    const left = await replays.get(id);
    expect(left.done).toBeGreaterThan(0);
    expect(left.waiting).toBeGreaterThan(0);
    await startWorker();
    await expectEachOnceInOrder(10);
    expect(await replays.get(id)).toMatchObject({ status: 'done', done: 120, dead: 0 });
  });

  it.each([2, 3])('repeatedly, with %i processes sharing the partitions', async (count) => {
    for (const _ of upTo(count)) await startWorker({ workMs: 3 });
    const perKey = 60;
    const writing = Promise.all(
      keys.map(async (key) => {
        for (const number of upTo(perKey)) await raise(key, number);
      }),
    );
    for (const _ of upTo(4)) {
      const victim = workers.shift();
      if (!victim) throw new Error('no worker left to kill');
      await killHard(victim);
      await startWorker({ workMs: 3 });
    }
    await writing;
    await expectEachOnceInOrder(perKey);
  });

  it('suspended instead of killed, it loses its partitions, and its work after resuming has no effect', async () => {
    const hung = await startWorker({ workMs: 3 });
    await startWorker({ workMs: 3 });
    const shares = () => writer.database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM nodes`;
    await eventually(shares, ([row]) => row?.count === 2);
    for (const number of upTo(10)) await Promise.all(keys.map((key) => raise(key, number)));
    hung.kill('SIGSTOP');
    for (const number of upTo(10)) await Promise.all(keys.map((key) => raise(key, number + 10)));
    await expectEachOnceInOrder(20);
    hung.kill('SIGCONT');
    for (const number of upTo(10)) await Promise.all(keys.map((key) => raise(key, number + 20)));
    await expectEachOnceInOrder(30);
    const exited = once(hung, 'exit');
    hung.kill('SIGKILL');
    await exited;
  });
});

describe('an event that ends the process each time it is handled', () => {
  /** The number of the event at which workers end. */
  const deadly = 666;
  const deadLetters = () => createDeadLetters(writer.database, async () => {});
  const dead = async () => (await deadLetters().list({ status: 'dead' }, { limit: 10 })).items;
  const retry = () => deadLetters().retry({ status: 'dead' }, {}, 'a person');

  /** Raises events for each key, and the deadly one among those of the third. */
  async function raiseAll(): Promise<void> {
    for (const number of upTo(6)) {
      await Promise.all(keys.map((key) => raise(key, number)));
      if (number === 3) await raise('key3', deadly);
    }
  }

  /** As after two ends, which the first test waits for. */
  const suspectAll = () => writer.database.sql`UPDATE partition_owners SET unexpected_ends = 2`;

  it('becomes a dead letter after five ends, and a retry of it ends the process once more', async () => {
    await killHard(await startWorker());
    await raiseAll();
    const doomed = supervise({ dieAt: deadly });
    const letters = await eventually(dead, ({ length }) => length > 0);
    expect(letters).toMatchObject([
      { key: 'key3', lastError: 'ProcessEndedError: The process ended while it handled this event.' },
    ]);
    await expectEachOnceInOrder(6);
    expect(doomed.ends()).toBeLessThanOrEqual(5);

    const before = doomed.ends();
    await retry();
    await eventually(doomed.ends, (ends) => ends > before);
    await eventually(dead, ({ length }) => length > 0);
    for (const key of keys) await raise(key, 7);
    await expectEachOnceInOrder(7);
    expect(doomed.ends()).toBe(before + 1);

    isSupervised = false;
    await Promise.all(workers.map(killHard));
    await retry();
    await startWorker();
    const effects = await eventually(
      () => effectsOf(writer, 'First'),
      ({ key3 }) => key3?.includes(deadly) ?? false,
    );
    expect(effects.key3).toEqual([1, 2, 3, 4, 5, 6, 7, deadly]);
    expect(await dead()).toEqual([]);
  });

  it('in a replay: the replay goes on without it', async () => {
    const healthy = await startWorker();
    await raiseAll();
    await eventually(
      () => effectsOf(writer, 'First'),
      (effects) => Object.values(effects).flat().length === keys.length * 6 + 1,
    );
    await killHard(healthy);
    await writer.database.sql`TRUNCATE effects`;
    await suspectAll();
    const { replays, id } = await startReplay();
    const doomed = supervise({ dieAt: deadly });
    await eventually(
      () => replays.get(id),
      ({ waiting }) => waiting === 0,
    );
    expect(await replays.get(id)).toMatchObject({ done: keys.length * 6, dead: 1 });
    expect(doomed.ends()).toBeLessThanOrEqual(5);
    await expectEachOnceInOrder(6);
  });

  it('in an endless loop: hung processes are killed, and it becomes a dead letter', async () => {
    await killHard(await startWorker());
    await suspectAll();
    await raiseAll();
    supervise({ hangAt: deadly });
    const letters = await eventually(dead, ({ length }) => length > 0);
    expect(letters).toMatchObject([{ key: 'key3', lastError: expect.stringContaining('ProcessEndedError') }]);
    await expectEachOnceInOrder(6);
  });
});
