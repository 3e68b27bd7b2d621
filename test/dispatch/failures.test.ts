import { describe, expect, it } from 'vitest';
import { queued, sync } from '../../packages/server/src/dispatch/listener.ts';
import {
  customerOf,
  effectsOf,
  eventually,
  numberOf,
  recording,
  type TestNode,
  tableOf,
} from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const { start } = useNodes();

const parkedOf = (node: TestNode) => node.database.sql<
  { subscription: string; key: string; number: number; status: string; attempts: number }[]
>`
  SELECT subscription, parked_events.key, (data -> 'customer' ->> 'id')::int AS number, status, attempts
  FROM parked_events JOIN events USING (partition, "offset") ORDER BY subscription, parked_events.key, "offset"`;

describe('a poisoned event', () => {
  it('is parked for its listener and key only, retried, and then a dead letter; later events of the key run', async () => {
    const poisoned = (key: string, number: number) => key === 'bad' && number === 2;
    const node = await start([
      recording('Healthy'),
      recording('Sick', (event) => {
        if (poisoned(event.key, numberOf(event))) throw new Error('this one is poison');
      }),
    ]);
    for (const number of upTo(5)) {
      await raise(node, 'bad', number);
      await raise(node, 'good', number);
    }
    await eventually(
      () => effectsOf(node, 'Sick'),
      (seen) => seen.bad?.length === 4 && seen.good?.length === 5,
    );
    expect(await effectsOf(node, 'Sick')).toEqual({ bad: [1, 3, 4, 5], good: upTo(5) });
    expect(await effectsOf(node, 'Healthy')).toEqual({ bad: upTo(5), good: upTo(5) });
    const dead = await eventually(
      () => parkedOf(node),
      (rows) => rows.length === 1,
    );
    expect(dead).toEqual([{ subscription: 'Sick', key: 'bad', number: 2, status: 'dead', attempts: 4 }]);
  });

  it('makes its key wait if the listener holds the order', async () => {
    let healed = false;
    const node = await start([
      recording(
        'Holding',
        (event) => {
          if (event.key === 'bad' && numberOf(event) === 1 && !healed) throw new Error('poison');
        },
        { onDeadLetter: 'hold', retries: 0 },
      ),
    ]);
    for (const number of upTo(3)) {
      await raise(node, 'bad', number);
      await raise(node, 'good', number);
    }
    await node.dispatcher.settled();
    await expect.poll(() => effectsOf(node, 'Holding')).toEqual({ good: upTo(3) });
    healed = true;
    await node.database
      .sql`UPDATE parked_events SET status = 'waiting', retry_at = now() WHERE status = 'dead'`;
    await node.dispatcher.refresh();
    const seen = await eventually(
      () => effectsOf(node, 'Holding'),
      (effects) => effects.bad?.length === 3,
    );
    expect(seen.bad).toEqual(upTo(3));
  });

  it('that succeeds on a retry is handled before the later events of its key', async () => {
    let failures = 2;
    const node = await start([
      recording('Recovering', (event) => {
        if (event.key === 'bad' && numberOf(event) === 1 && failures-- > 0) throw new Error('not yet');
      }),
    ]);
    for (const number of upTo(20)) await raise(node, 'bad', number);
    const seen = await eventually(
      () => effectsOf(node, 'Recovering'),
      (effects) => effects.bad?.length === 20,
    );
    expect(seen.bad).toEqual(upTo(20));
    expect(await parkedOf(node)).toEqual([]);
  });

  it('keeps order through random failures, on two nodes', async () => {
    const flaky = () =>
      recording(
        'Flaky',
        () => {
          if (Math.random() < 0.05) throw new Error('bad luck');
        },
        { retries: 50 },
      );
    const first = await start([flaky()], { retryDelayMs: 2 });
    await start([flaky()], { retryDelayMs: 2 });
    const keys = upTo(8).map((number) => `key${number}`);
    await Promise.all(
      keys.map(async (key) => {
        for (const number of upTo(40)) await raise(first, key, number);
      }),
    );
    const seen = await eventually(
      () => effectsOf(first, 'Flaky'),
      (effects) => Object.values(effects).flat().length >= 8 * 40,
    );
    for (const key of keys) expect(seen[key]).toEqual(upTo(40));
  });
});

describe('a listener that hangs', () => {
  const hanging = (name: string, hang: 'in code' | 'in the database') =>
    queued<unknown, 'NewCustomerProfileCreated'>({
      name,
      summary: 'Hangs.',
      retries: 0,
      // Long enough for every event but the hanging one.
      timeoutMs: 2_000,
      async handle(event, { tx }) {
        if (event.key === 'bad') {
          if (hang === 'in code') await new Promise(() => {});
          await tx.sql`SELECT pg_sleep(30)`;
        }
        await tx.sql`INSERT INTO effects (listener, key, number) VALUES (${name}, ${event.key}, ${numberOf(event)})`;
      },
    });

  it.each(['in code', 'in the database'] as const)('%s delays only its key', async (hang) => {
    const node = await start([recording('Healthy'), hanging('Hanging', hang)]);
    await raise(node, 'bad', 1);
    // Ten keys each: some share the hanging key's partition, whatever the hash.
    const partitionMates = upTo(200).map((number) => `key${number}`);
    for (const key of partitionMates) await raise(node, key, 1);
    await eventually(
      () => effectsOf(node, 'Hanging'),
      (seen) => Object.keys(seen).length === 200,
    );
    const dead = await eventually(
      () => parkedOf(node),
      (rows) => rows[0]?.status === 'dead',
    );
    expect(dead).toEqual([{ subscription: 'Hanging', key: 'bad', number: 1, status: 'dead', attempts: 1 }]);
    expect(Object.keys(await effectsOf(node, 'Healthy'))).toHaveLength(201);
  });

  it('that resumes after its timeout can no longer write', async () => {
    let wake: () => void = () => {};
    let wroteLate: unknown;
    const node = await start([
      queued<unknown, 'NewCustomerProfileCreated'>({
        name: 'Sleeper',
        summary: 'Sleeps over its timeout.',
        retries: 0,
        timeoutMs: 100,
        async handle(event, { tx }) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wroteLate = await tx.sql`
            INSERT INTO effects (listener, key, number) VALUES ('Sleeper', ${event.key}, 1)`.catch(
            (error) => error,
          );
        },
      }),
    ]);
    await raise(node, 'key', 1);
    await eventually(
      () => parkedOf(node),
      (rows) => rows[0]?.status === 'dead',
    );
    wake();
    await node.dispatcher.settled();
    expect(await effectsOf(node, 'Sleeper')).toEqual({});
    expect(wroteLate).toMatchObject({ message: expect.stringContaining('This transaction has ended') });
  });
});

describe('listeners', () => {
  it('that lose a deadlock are rerun, without a failed attempt', async () => {
    const node = await start(
      [
        queued<unknown, 'NewCustomerProfileCreated'>({
          name: 'Rivals',
          summary: 'Locks two rows in the order that the event says.',
          async handle(event, { tx }) {
            const order = numberOf(event) % 2 === 0 ? [1, 2] : [2, 1];
            for (const id of order) {
              await tx.sql`UPDATE rivals SET hits = hits + 1 WHERE id = ${id}`;
              await tx.sql`SELECT pg_sleep(0.01)`;
            }
            await tx.sql`
            INSERT INTO effects (listener, key, number) VALUES ('Rivals', ${event.key}, ${numberOf(event)})`;
          },
        }),
      ],
      { stallMs: 4_000 },
    );
    await node.database.sql`CREATE TABLE rivals (id int PRIMARY KEY, hits int)`;
    await node.database.sql`INSERT INTO rivals VALUES (1, 0), (2, 0)`;
    await Promise.all(upTo(6).map((number) => raise(node, `key${number}`, number)));
    await eventually(
      () => effectsOf(node, 'Rivals'),
      (seen) => Object.values(seen).flat().length === 6,
    );
    const hits = await node.database.sql<{ hits: number }[]>`SELECT hits FROM rivals`;
    expect(hits.map((row) => row.hits)).toEqual([6, 6]);
    expect(await parkedOf(node)).toEqual([]);
  });

  it('keep the cause of the events they raise, along the whole chain', async () => {
    const chain = queued<unknown, 'NewCustomerProfileCreated'>({
      name: 'Chain',
      summary: 'Raises the next event, three times.',
      async handle(event, { tx }) {
        const number = numberOf(event);
        if (number < 3) {
          tx.raise('NewCustomerProfileCreated', { customer: customerOf(event.key, number + 1) });
        }
      },
    });
    const node = await start([chain as ReturnType<typeof recording>]);
    await raise(node, 'key', 1);
    await node.dispatcher.settled();
    const chained = () =>
      node.database.sql<
        { id: string; causation_id: string | null; correlation_id: string }[]
      >`SELECT id, causation_id, correlation_id FROM events ORDER BY "offset"`;
    await expect.poll(chained).toHaveLength(3);
    const events = await chained();
    expect(events.map((event) => event.causation_id)).toEqual([null, events[0]?.id, events[1]?.id]);
    expect(new Set(events.map((event) => event.correlation_id))).toEqual(new Set([events[0]?.id]));
  });

  it('whose condition is false are skipped, and counted as skipped', async () => {
    const node = await start([
      { ...recording('Choosy'), when: (event) => numberOf(event as never) % 2 === 0 },
    ]);
    for (const number of upTo(4)) await raise(node, 'key', number);
    await node.dispatcher.settled();
    await expect.poll(async () => (await effectsOf(node, 'Choosy')).key).toEqual([2, 4]);
    const skipped = () => node.database.sql`
      SELECT us FROM handled_batches, unnest(durations_us) AS us WHERE us = -1 AND subscription = 'Choosy'`;
    await expect.poll(skipped).toHaveLength(2);
  });

  it('that are sync roll the change back when they throw', async () => {
    const node = await start([], {
      table: tableOf({
        NewCustomerProfileCreated: [
          sync<unknown, 'NewCustomerProfileCreated'>({
            name: 'Guard',
            summary: 'Allows no number above one.',
            async handle(event) {
              if (event.data.customer.id > 1) throw new Error('one is enough');
            },
          }),
        ],
      }),
    });
    await raise(node, 'key', 1);
    await expect(raise(node, 'key', 2)).rejects.toThrow('one is enough');
    expect((await node.database.sql`SELECT 1 FROM events`).count).toBe(1);
  });
});
