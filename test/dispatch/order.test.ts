import type { Event } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { parkFailed } from '../../packages/server/src/dispatch/parking.ts';
import { readPartition } from '../../packages/server/src/log/log.ts';
import { createEffectsTable, customerOf, effectsOf, eventually, recording } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const nodes = useNodes();
/** No node dies here, and a slow machine must not have one taken for dead: that would cut its connections. */
const node = (...listeners: ReturnType<typeof recording>[]) =>
  nodes.create(listeners, { deadAfterMs: 60_000 });

const customerData = (key: string, number: number) => ({ customer: customerOf(key, number) });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('the log', () => {
  it('gives concurrent writers gapless offsets in each partition', async () => {
    const writer = node();
    await Promise.all(upTo(200).map((number) => raise(writer, `key${number % 7}`, number)));
    const heads = await writer.database.sql<{ partition: number; head: number }[]>`
      SELECT partition, head FROM log_partitions WHERE head > 0`;
    let total = 0;
    for (const { partition, head } of heads) {
      const events = await readPartition(writer.database.sql, partition, 0, 1000);
      expect(events.map((event) => event.offset)).toEqual(upTo(head));
      total += events.length;
    }
    expect(total).toBe(200);
  });

  it('keeps nothing of a failed transaction, and leaves no gap', async () => {
    const writer = node();
    await raise(writer, 'key', 1);
    await expect(
      writer.unitOfWork.run(async (tx) => {
        tx.raise('NewCustomerProfileCreated', customerData('key', 2));
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await raise(writer, 'key', 3);
    const [first] = await writer.database.sql<{ partition: number }[]>`SELECT partition FROM events`;
    const events = await readPartition(writer.database.sql, first?.partition ?? -1, 0, 10);
    expect(events.map((event) => event.offset)).toEqual([1, 2]);
  });

  it('rejects data that does not fit the event, naming the field, and stores nothing', async () => {
    const writer = node();
    const wrong = { customer: { ...customerOf('key', 1), email: 7 as never } };
    await expect(
      writer.unitOfWork.run(async (tx) => tx.raise('NewCustomerProfileCreated', wrong)),
    ).rejects.toMatchObject({ code: 'invalid_event_data', fields: [{ path: 'customer.email' }] });
    expect((await writer.database.sql`SELECT 1 FROM events`).count).toBe(0);
  });

  it('lets writers that touch the same partitions in opposite orders both succeed', async () => {
    const writer = node();
    const keys = upTo(12).map((number) => `key${number}`);
    await Promise.all(
      upTo(60).map((round) =>
        writer.unitOfWork.run(async (tx) => {
          const order = round % 2 === 0 ? keys : [...keys].reverse();
          for (const key of order) tx.raise('NewCustomerProfileCreated', customerData(key, round));
        }),
      ),
    );
    expect((await writer.database.sql`SELECT 1 FROM events`).count).toBe(60 * 12);
  });

  it('retries a unit of work that lost a deadlock, and applies it once', async () => {
    const writer = node();
    await writer.database.sql`CREATE TABLE accounts (id int PRIMARY KEY, balance int)`;
    await writer.database.sql`INSERT INTO accounts VALUES (1, 0), (2, 0)`;
    let met = 0;
    let bothAreIn: () => void = () => {};
    const meeting = new Promise<void>((resolve) => {
      bothAreIn = resolve;
    });
    const transfer = (first: number, second: number) =>
      writer.unitOfWork.run(async (tx) => {
        await tx.sql`UPDATE accounts SET balance = balance + 1 WHERE id = ${first}`;
        if (++met === 2) bothAreIn();
        await meeting;
        await tx.sql`UPDATE accounts SET balance = balance + 1 WHERE id = ${second}`;
        tx.raise('NewCustomerProfileCreated', customerData('key', first));
      });
    await Promise.all([transfer(1, 2), transfer(2, 1)]);
    const balances = await writer.database.sql<{ balance: number }[]>`SELECT balance FROM accounts`;
    expect(balances.map((row) => row.balance)).toEqual([2, 2]);
    expect((await writer.database.sql`SELECT 1 FROM events`).count).toBe(2);
    expect(met).toBeGreaterThan(2);
  });
});

describe('dispatch', () => {
  it('delivers each event to each listener once, in the order of its key', async () => {
    const one = node(recording('First'), recording('Second'));
    await createEffectsTable(one);
    await one.start();
    const keys = upTo(20).map((number) => `key${number}`);
    await Promise.all(
      keys.map(async (key) => {
        for (const number of upTo(25)) await raise(one, key, number);
      }),
    );
    await one.dispatcher.settled();
    const expected = Object.fromEntries(keys.map((key) => [key, upTo(25)]));
    // On a slow machine an event may have been set aside for a moment, with those behind it.
    for (const listener of ['First', 'Second']) {
      await expect.poll(() => effectsOf(one, listener)).toEqual(expected);
    }
  });

  it('shares the partitions evenly between nodes, and a node that leaves hands its share over', async () => {
    const [one, two, three] = [node(), node(), node()];
    await Promise.all([one.start(), two.start(), three.start()]);
    const shares = () => [one, two, three].map((each) => each.dispatcher.partitions().length).sort();
    await eventually(shares, (sizes) => sizes.join() === '21,21,22');
    expect(new Set([one, two, three].flatMap((each) => each.dispatcher.partitions())).size).toBe(64);
    await three.stop();
    await eventually(
      () => one.dispatcher.partitions().length,
      (size) => size === 32,
    );
  });

  it('takes over from a killed node at once, long before its heartbeat is too old', async () => {
    const { sql } = node().database;
    const [ended] = await sql<{ pid: number }[]>`SELECT max(pid) + 100000 AS pid FROM pg_stat_activity`;
    await sql`
      INSERT INTO nodes (id, host, pid, lock_backend_pid, heartbeat_at)
      VALUES (gen_random_uuid(), 'killed', 1, ${ended?.pid ?? 0}, now() + interval '1 hour')`;
    const survivor = node(recording('First'));
    await survivor.start();
    await eventually(
      () => survivor.dispatcher.partitions().length,
      (size) => size === 64,
    );
  });

  it('finishes what it reads before it has stopped', async () => {
    const stopping = node(recording('First'));
    await stopping.start();
    // Each partition has begun: what is read from now on is the poll.
    await stopping.dispatcher.settled();
    const { sql } = node().database;
    const stopped = await sql.begin(async (holder) => {
      await holder`LOCK TABLE log_partitions IN ACCESS EXCLUSIVE MODE`;
      await eventually(
        () =>
          sql`
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%log_partitions%'`,
        (waiting) => waiting.length > 0,
      );
      const end = stopping.stop();
      await eventually(
        () => sql`SELECT FROM nodes`,
        (left) => left.length === 0,
      );
      // It would close its connections now.
      await sql`SELECT pg_sleep(0.1)`;
      return { end };
    });
    await stopped.end;
    expect(stopping.logged.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('waits behind an event that the previous owner parks while its successor takes over', async () => {
    const before = node(recording('Kept'));
    await createEffectsTable(before);
    await before.start();
    await before.stop();
    const other = node();
    const { sql } = other.database;
    await raise(other, 'key', 1);
    await raise(other, 'key', 2);
    const successor = node(recording('Kept'));
    await sql.begin(async (owner) => {
      await owner`LOCK TABLE checkpoints IN ACCESS EXCLUSIVE MODE`;
      await successor.start();
      await eventually(
        () => sql`
          SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND query LIKE '%checkpoints WHERE partition = ANY%'`,
        (waiting) => waiting.length > 0,
      );
      const [event] = await owner<Event[]>`
        SELECT id, type, key, partition, "offset", app_id AS "appId" FROM events ORDER BY "offset" LIMIT 1`;
      if (!event) throw new Error('The event is not in the log.');
      const failure = { at: new Date().toISOString(), error: 'failed', durationMs: 1, node: 'previous' };
      await parkFailed(owner, 'Kept', event, failure, { retryInMs: 3_600_000, isCounted: true });
      await owner`
        UPDATE checkpoints SET "offset" = ${event.offset} WHERE partition = ${event.partition} AND subscription = 'Kept'`;
    });
    const parked = () => sql`SELECT FROM parked_events WHERE subscription = 'Kept'`;
    await eventually(parked, (rows) => rows.length === 2);
    expect(await effectsOf(successor, 'Kept')).toEqual({});
    await sql`UPDATE parked_events SET retry_at = now()`;
    await eventually(parked, (rows) => rows.length === 0);
    expect(await effectsOf(successor, 'Kept')).toEqual({ key: [1, 2] });
  });

  it('keeps the order and loses nothing while nodes join and leave', async () => {
    const listeners = () => [recording('First')];
    const writer = node(...listeners());
    await createEffectsTable(writer);
    await writer.start();
    const keys = upTo(16).map((number) => `key${number}`);
    const writing = Promise.all(
      keys.map(async (key) => {
        for (const number of upTo(60)) await raise(writer, key, number);
      }),
    );
    for (const _ of upTo(3)) {
      const guest = node(...listeners());
      await guest.start();
      await eventually(
        () => guest.dispatcher.partitions().length,
        (size) => size > 0,
      );
      await guest.stop();
    }
    await writing;
    const effects = await eventually(
      () => effectsOf(writer, 'First'),
      (seen) => Object.values(seen).flat().length >= 16 * 60,
    );
    for (const key of keys) expect(effects[key]).toEqual(upTo(60));
  });

  it('releases its partitions when the lock connection is cut, and still handles each event once', async () => {
    const one = node(recording('First'));
    await createEffectsTable(one);
    await one.start();
    for (const number of upTo(30)) {
      await raise(one, 'key', number);
      if (number % 10 === 0) {
        await one.database.sql`SELECT pg_terminate_backend(lock_backend_pid) FROM nodes`;
      }
    }
    await eventually(
      () => effectsOf(one, 'First'),
      (seen) => (seen.key?.length ?? 0) >= 30,
    );
    // Terminating is asynchronous, and a running heartbeat may be the first to notice.
    const givenUp = /(lost the lock connection|the heartbeat failed); releasing all partitions$/;
    await eventually(
      () => one.logged.filter(({ message }) => givenUp.test(message)),
      (lines) => lines.length > 0,
    );
    expect((await effectsOf(one, 'First')).key).toEqual(upTo(30));
  });

  it('handles everything before the writer continues, if events are not queued', async () => {
    const inline = await nodes.start([recording('First')], { inline: true });
    await raise(inline, 'key', 1);
    expect((await effectsOf(inline, 'First')).key).toEqual([1]);
  });
});
