import { randomUUID } from 'node:crypto';
import type { QueueItem } from '@mevrik/protocol';
import { expect, it } from 'vitest';
import { effectsOf, eventually, recording } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const queueItem = (id: number): QueueItem => ({
  id,
  appId: 1,
  sessionId: 1,
  customerId: 1,
  caseId: 1,
  conversationKey: '1/web:ann',
  queue: 'general',
  status: 'waiting',
  reason: 'handover',
  skills: [],
  priority: 'normal',
  assignedAgentId: null,
  createdAt: '2026-01-01T00:00:00.000Z',
});

const { create, start } = useNodes();

/** Appends two events that no owner has published yet. @returns the database. */
async function appendTwo() {
  await (await start([])).stop();
  const writer = create([]);
  await writer.unitOfWork.run(async (tx) => {
    for (const id of [1, 2]) tx.raise('QueueItemCreatedEvent', { queueItem: queueItem(id) });
  });
  return writer.database.sql;
}

it('a node broadcasts from a partition it takes over once it has caught up, and tries that again', async () => {
  await appendTwo();
  const steps: string[] = [];
  await start([], {
    catchUp: async (partitions) => {
      steps.push(`catch up on ${partitions.length}`);
      if (steps.length === 1) throw new Error('The log cannot be read.');
    },
    publish: async (messages) => void steps.push(...messages.map(({ at, topic }) => `${topic} ${at[1]}`)),
  });
  await eventually(
    () => steps,
    (taken) => taken.length >= 6,
  );
  const published = ['queues 1', 'queues-app-1 1', 'queues 2', 'queues-app-1 2'];
  expect(steps).toEqual(['catch up on 64', 'catch up on 64', ...published]);
});

it('a node broadcasts again what the former owner of a partition published while it took over', async () => {
  const sql = await appendTwo();
  const published: number[] = [];
  await start([], {
    catchUp: async () => {
      // The former owner has lost its lock, but has not noticed yet.
      await sql`
        UPDATE checkpoints SET "offset" = head FROM log_partitions
        WHERE checkpoints.partition = log_partitions.partition AND subscription = 'Broadcast'`;
    },
    publish: async (messages) => void published.push(...messages.map(({ at }) => at[1])),
  });
  await eventually(
    () => published,
    (offsets) => offsets.length >= 4,
  );
  expect(published).toEqual([1, 1, 2, 2]);
});

it('a node that cannot reach the others waits for them once for each partition, and stores its positions then', async () => {
  let reach = () => {};
  const reachable = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let waits = 0;
  const node = await start([], {
    publish: async () => {},
    reached: () => {
      waits += 1;
      return reachable;
    },
  });
  for (let id = 1; id <= 30; id += 1) {
    await node.unitOfWork.run(
      async (tx) => void tx.raise('QueueItemCreatedEvent', { queueItem: queueItem(id) }),
    );
    await node.dispatcher.settled();
  }
  expect(waits).toBe(1);
  const stored = () => node.database.sql`
    SELECT "offset" FROM checkpoints WHERE subscription = 'Broadcast' AND "offset" > 0`;
  expect(await stored()).toEqual([]);
  reach();
  await expect.poll(stored).toEqual([{ offset: 30 }]);
});

it.each([
  ['the same node', { isSame: true, heartbeat: null }],
  ['a node that lives', { isSame: false, heartbeat: '1 hour' }],
  ['a node that has ended', { isSame: false, heartbeat: null }],
])(
  'an attempt under way when its partition was taken from %s is repeated',
  async (_what, { isSame, heartbeat }) => {
    await (await start([recording('First')])).stop();
    const writer = create([]);
    await raise(writer, 'a');
    const nodeId = randomUUID();
    const former = isSame ? nodeId : randomUUID();
    const { sql } = writer.database;
    await sql`
    INSERT INTO partition_owners (partition, node, unexpected_ends) SELECT partition, ${former}, 2 FROM events
    ON CONFLICT (partition) DO UPDATE SET node = excluded.node, unexpected_ends = 2`;
    await sql`
    INSERT INTO suspected_events (partition, subscription, "offset", node, taken_at)
    SELECT partition, 'First', "offset", ${former}, now() FROM events`;
    if (heartbeat !== null) {
      await sql`
      INSERT INTO nodes (id, host, pid, lock_backend_pid, heartbeat_at)
      VALUES (${former}, 'elsewhere', 1, 0, now() + ${heartbeat}::interval)`;
    }
    await start([recording('First')], { nodeId, deadAfterMs: 500 });
    expect(
      await eventually(
        () => effectsOf(writer, 'First'),
        ({ a }) => a !== undefined,
      ),
    ).toEqual({ a: [1] });
    await eventually(
      () => sql`SELECT ends FROM suspected_events`,
      (rows) => rows.length === 0,
    );
  },
);
