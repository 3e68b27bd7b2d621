import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { type QueueItem, topics } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queued } from '../../packages/server/src/dispatch/listener.ts';
import { partitionOf } from '../../packages/server/src/log/partition.ts';
import type { Tx } from '../../packages/server/src/log/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  createEffectsTable,
  createNode,
  customerOf,
  effectsOf,
  eventually,
  noObserver,
  numberOf,
  type TestNode,
  tableOf,
} from '../support/dispatch.ts';

/** Keys whose events share partition 0, so that they are handled together. */
const keys = Array.from({ length: 1000 }, (_, index) => `key${index}`)
  .filter((key) => partitionOf(key, 64) === 0)
  .slice(0, 3);
const count = 12;
const numbers = Array.from({ length: count }, (_, index) => index + 1);
const keyOf = (number: number) => keys[number % keys.length] ?? '';
const halfAnEmoji = '😀'.slice(0, 1);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const node = createNode(database.connection, { table: tableOf({}) });
  await createTables(node);
  await node.stop();
});
afterAll(() => database.drop());

/** An address at which nothing listens. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** What a listener does with a poisoned event, before or instead of its own work. */
const poisons: Record<string, (tx: Tx) => Promise<unknown>> = {
  'calls a server that is down': async () => fetch(await closedAddress()),
  'reads a file that is missing': () => readFile('/missing/file'),
  'throws an error whose code is one of a lost connection': async () => {
    throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  },
  'throws an error whose text cannot be stored': async () => {
    throw new Error(`cannot read ${halfAnEmoji} or \0`);
  },
  'writes text that cannot be stored': (tx) =>
    tx.sql`INSERT INTO effects (key) SELECT ${JSON.stringify({ halfAnEmoji })}::jsonb ->> 'halfAnEmoji'`,
  'raises an event that cannot be stored': async (tx) =>
    tx.raise('NewCustomerProfileCreated', {
      customer: { ...customerOf('elsewhere', 1), name: halfAnEmoji },
    }),
  'raises an event that the log rejects': async (tx) =>
    tx.raise('NewCustomerProfileCreated', { customer: customerOf('rejected', 1) }),
  // The careless code that this listener stands for.
  'ignores a failed statement': (tx) => tx.sql`SELECT 1 / 0`.catch(() => 'ignored'),
  'writes what the commit rejects': (tx) => tx.sql`INSERT INTO children (parent) VALUES (1)`,
  'never returns': () => new Promise(() => {}),
};

async function createTables(node: TestNode): Promise<void> {
  await createEffectsTable(node);
  await node.database.sql`CREATE TABLE parents (id int PRIMARY KEY)`;
  await node.database.sql`
    CREATE TABLE children (parent int REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`;
  await node.database.sql`
    ALTER TABLE events ADD CONSTRAINT rejects CHECK (data -> 'customer' ->> 'conversationKey' <> 'rejected')`;
}

describe('an event that cannot be handled', () => {
  it.each(
    Object.keys(poisons).flatMap(
      (name) =>
        [
          [name, [1]],
          [name, [count]],
          [name, [1, 5, 6, count]],
        ] as const,
    ),
  )('becomes a dead letter alone: a listener that %s, at %j', async (name, poisoned) => {
    const isPoisoned = (number: number) => (poisoned as readonly number[]).includes(number);
    const listener = queued<unknown, 'NewCustomerProfileCreated'>({
      name: `${name} ${poisoned}`,
      summary: 'Writes down that it saw the event, unless the event is poisoned.',
      // Only what never returns may reach its limit, however slow the machine is.
      timeoutMs: name === 'never returns' ? 2_000 : 60_000,
      async handle(event, { tx }) {
        if (event.data.customer.conversationKey === 'elsewhere') return;
        const number = numberOf(event);
        if (isPoisoned(number)) await poisons[name]?.(tx);
        await tx.sql`INSERT INTO effects (listener, key, number) VALUES (${listener.name}, ${event.key}, ${number})`;
      },
    });
    const node = createNode(database.connection, {
      table: tableOf({ NewCustomerProfileCreated: [listener] }),
      retries: 0,
      stallMs: 200,
    });
    await node.start();
    await node.unitOfWork.run(async (tx) => {
      for (const number of numbers) {
        tx.raise('NewCustomerProfileCreated', { customer: customerOf(keyOf(number), number) });
      }
    });
    try {
      const dead = await eventually(
        () => node.database.sql<{ number: number; status: string }[]>`
          SELECT (data -> 'customer' ->> 'id')::int AS number, status
          FROM parked_events JOIN events USING (partition, "offset")
          WHERE subscription = ${listener.name} ORDER BY number`,
        (rows) => rows.length >= poisoned.length && rows.every(({ status }) => status === 'dead'),
      );
      expect(dead.map(({ number }) => number)).toEqual(poisoned);
      await eventually(
        () => effectsOf(node, listener.name),
        (effects) => Object.values(effects).flat().length >= count - poisoned.length,
      );
      const others = numbers.filter((number) => !isPoisoned(number));
      for (const key of keys) {
        const expected = others.filter((number) => keyOf(number) === key);
        expect((await effectsOf(node, listener.name))[key]).toEqual(expected);
      }
    } finally {
      await node.stop();
    }
  });
});

describe('an event whose handling ends the connection to the database each time', () => {
  it('is parked, with later events of its key, and stops no others', async () => {
    const [name, poisoned] = ['ends the connection', 5];
    let isPoisoned = true;
    const listener = queued<unknown, 'NewCustomerProfileCreated'>({
      name,
      summary: 'Writes down that it saw the event, unless the event ends the connection.',
      async handle(event, { tx }) {
        const number = numberOf(event);
        if (isPoisoned && number === poisoned) await tx.sql`SELECT pg_terminate_backend(pg_backend_pid())`;
        await tx.sql`INSERT INTO effects (listener, key, number) VALUES (${name}, ${event.key}, ${number})`;
      },
    });
    const node = createNode(database.connection, {
      table: tableOf({ NewCustomerProfileCreated: [listener] }),
      stallMs: 60_000,
    });
    await node.start();
    try {
      await node.unitOfWork.run(async (tx) => {
        for (const number of numbers) {
          tx.raise('NewCustomerProfileCreated', { customer: customerOf(keyOf(number), number) });
        }
      });
      const isBehind = (number: number) => keyOf(number) === keyOf(poisoned) && number >= poisoned;
      const handled = async () => Object.values(await effectsOf(node, name)).flat();
      const others = numbers.filter((number) => !isBehind(number));
      await eventually(handled, ({ length }) => length >= others.length);
      expect((await handled()).toSorted((one, other) => one - other)).toEqual(others);
      isPoisoned = false;
      await eventually(handled, ({ length }) => length >= count);
      for (const key of keys) {
        const expected = numbers.filter((number) => keyOf(number) === key);
        expect((await effectsOf(node, name))[key]).toEqual(expected);
      }
    } finally {
      await node.stop();
    }
  });
});

const queueItem = (id: number): QueueItem => ({
  id,
  appId: 1,
  sessionId: id,
  customerId: 1,
  caseId: 1,
  conversationKey: keyOf(id),
  queue: 'general',
  status: 'waiting',
  reason: 'handover',
  skills: [],
  priority: 'normal',
  assignedAgentId: null,
  createdAt: '2026-01-01T00:00:00.000Z',
});

/** Runs a node with a listener to queue events, which remembers what it has handled. */
async function startQueueNode(name: string) {
  const handled: number[] = [];
  const published: unknown[] = [];
  let unreadable = 0;
  const listener = queued<unknown, 'QueueItemCreatedEvent'>({
    name,
    summary: 'Remembers what it has handled.',
    handle: async (event) => void handled.push(event.data.queueItem.id),
  });
  const node = createNode(database.connection, {
    table: tableOf({ QueueItemCreatedEvent: [listener] }),
    retries: 0,
    observe: { ...noObserver, unreadable: () => void unreadable++ },
    publish: async (messages) => {
      published.push(...messages.map(({ topic, payload }) => [topic, payload]));
    },
  });
  await node.start();
  // A transaction that is rolled back has been handled in vain.
  return { node, handled: () => [...new Set(handled)], published, unreadable: () => unreadable };
}

/** Appends queue events while no node runs, and changes the one with id 2 by SQL. */
async function appendQueueEvents(ids: readonly number[], change: string): Promise<void> {
  const writer = createNode(database.connection, { table: tableOf({}) });
  await writer.unitOfWork.run(async (tx) => {
    for (const id of ids) tx.raise('QueueItemCreatedEvent', { queueItem: queueItem(id) });
  });
  await writer.database.sql.unsafe(`UPDATE events SET ${change} WHERE ${secondQueueEvent}`);
  await writer.stop();
}

const secondQueueEvent = "type = 'QueueItemCreatedEvent' AND session_id = 2 AND version = 1 AND data <> '{}'";

describe('an event that this version cannot read', () => {
  it.each([
    ['of an unknown type', "type = 'SomethingNew'"],
    ['of a newer version', 'version = 99'],
    ['with other data', "data = '{}'"],
  ])('stops neither the broadcasts nor the listeners of its partition: one %s', async (what, change) => {
    await (await startQueueNode(what)).node.stop();
    await appendQueueEvents([1, 2, 3], change);
    const { node, handled, published, unreadable } = await startQueueNode(what);
    try {
      await eventually(handled, (ids) => ids.includes(3));
      await eventually(
        () => published,
        (messages) => messages.length >= 4,
      );
      const both = [topics.queues, topics.appQueues(1)];
      const expected = [1, 3].flatMap((id) => both.map((topic) => [topic, { queueItem: queueItem(id) }]));
      expect(published).toEqual(expected);
      expect(handled()).toEqual([1, 3]);
      expect(unreadable()).toBe(1);
    } finally {
      await node.stop();
    }
  });

  it.each([
    ['type', "type = 'SomethingNew'", "type = 'QueueItemCreatedEvent'"],
    ['version', 'version = 99', 'version = 1'],
  ])('waits, with later events of its key, for a node that knows its %s', async (what, change, back) => {
    const name = `waits for the ${what}`;
    const before = await startQueueNode(name);
    // As a newer version registers its listeners.
    const { sql } = before.node.database;
    await sql`UPDATE subscriptions SET events = events || '{SomethingNew}' WHERE name = ${name}`;
    await before.node.stop();
    await appendQueueEvents([1, 2, 3, 5], change);
    const old = await startQueueNode(name);
    const parked = () => old.node.database.sql<{ number: number; status: string; attempts: number }[]>`
      SELECT session_id::int AS number, parked_events.status, attempts
      FROM parked_events JOIN events USING (partition, "offset") WHERE subscription = ${name} ORDER BY "offset"`;
    try {
      await eventually(parked, (rows) => rows.length >= 2);
      await eventually(old.handled, (ids) => ids.includes(3));
      expect(old.handled()).toEqual([1, 3]);
      expect(await parked()).toEqual([
        { number: 2, status: 'waiting', attempts: 0 },
        { number: 5, status: 'waiting', attempts: 0 },
      ]);
      // As a node of the newer version reads it, without the pause.
      await old.node.database.sql.unsafe(`UPDATE events SET ${back} WHERE ${change}`);
      await old.node.database.sql`UPDATE parked_events SET retry_at = now() WHERE subscription = ${name}`;
      await eventually(old.handled, (ids) => ids.includes(5));
      expect(old.handled()).toEqual([1, 3, 2, 5]);
      await eventually(parked, (rows) => rows.length === 0);
    } finally {
      await old.node.stop();
    }
  });

  it('becomes a dead letter if no node knows it after ten minutes, as after a rollback: its key goes on', async () => {
    const name = 'goes on after a rollback';
    const before = await startQueueNode(name);
    // As a newer version registers its listeners.
    const { sql } = before.node.database;
    await sql`UPDATE subscriptions SET events = events || '{SomethingNew}' WHERE name = ${name}`;
    await before.node.stop();
    await appendQueueEvents([1, 2, 5], "type = 'SomethingNew'");
    const old = await startQueueNode(name);
    const parkedAgo = (minutes: number) => old.node.database.sql`
      UPDATE parked_events SET parked_at = now() - ${minutes} * interval '1 minute', retry_at = now()
      WHERE subscription = ${name}`;
    const parked = () => old.node.database.sql<{ type: string; status: string; due: boolean }[]>`
      SELECT type, status, retry_at <= now() AS due FROM parked_events WHERE subscription = ${name}
      ORDER BY "offset"`;
    try {
      await eventually(parked, (rows) => rows.length === 2);
      await parkedAgo(9);
      await eventually(parked, ([first]) => first?.due === false);
      expect(old.handled()).toEqual([1]);
      await parkedAgo(11);
      await eventually(old.handled, (ids) => ids.includes(5));
      const left = await eventually(parked, (rows) => rows.length === 1);
      expect(left).toMatchObject([{ type: 'SomethingNew', status: 'dead' }]);
    } finally {
      await old.node.stop();
    }
  });
});
