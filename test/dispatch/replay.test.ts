import type { ReplayRequest } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { createReplays } from '../../packages/server/src/dispatch/replay/replays.ts';
import { subscriptionsOf } from '../../packages/server/src/dispatch/subscription.ts';
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
const keys = ['a', 'b', 'c'];
const all: ReplayRequest = {
  listeners: ['First'],
  filter: { types: ['NewCustomerProfileCreated'] },
};

const nodes = useNodes();

const started = (...listeners: readonly ReturnType<typeof recording>[]) => startedWith({}, ...listeners);

async function startedWith(
  options: { parkedLimit?: number },
  ...listeners: readonly ReturnType<typeof recording>[]
) {
  const table = tableOf({ NewCustomerProfileCreated: listeners });
  const node = await nodes.start(listeners, options);
  const replays = createReplays({
    database: node.database,
    subscriptions: subscriptionsOf(table),
    environment: 'test',
    changed: () => node.dispatcher.refresh(),
  });
  return { node, replays };
}

async function raiseAll(node: TestNode, perKey: number): Promise<void> {
  for (const number of upTo(perKey)) {
    for (const key of keys) {
      await raise(node, key, number);
    }
  }
  await node.dispatcher.settled();
}

const by = { actor: 'a person' };

describe('a replay', () => {
  it('runs what the preview showed, for the named listener only, in order per key and each once', async () => {
    const { node, replays } = await started(recording('First'), recording('Second'));
    await raiseAll(node, 5);
    const preview = await replays.preview(all);
    expect(preview).toMatchObject({
      events: 15,
      listeners: [{ listener: 'First', run: 15, skipped: 0, notYet: 0 }],
    });
    expect(preview.warning).toContain('are repeated');
    await node.database.sql`DELETE FROM effects`;
    const { id } = await replays.start({ ...all, filter: { key: 'a' } }, by);
    const ended = await eventually(
      () => replays.get(id),
      ({ status }) => status === 'done',
    );
    expect(ended).toMatchObject({ done: 5, dead: 0, waiting: 0 });
    expect(await effectsOf(node, 'First')).toEqual({ a: upTo(5) });
    expect(await effectsOf(node, 'Second')).toEqual({});
    const audited = await node.database
      .sql`SELECT app_id AS "appId", actor, action, target FROM audit_entries`;
    expect(audited).toEqual([{ appId: 1, actor: 'a person', action: 'replay.start', target: String(id) }]);
  });

  it('requested twice with one key is one replay, and the key is rejected for another', async () => {
    const { node, replays } = await started(recording('First'));
    await raiseAll(node, 1);
    const once = { ...by, idempotency: { key: 'k', hash: 'h' } };
    const first = await replays.start(all, once);
    expect((await replays.start(all, once)).id).toBe(first.id);
    const other = replays.start(all, { ...by, idempotency: { key: 'k', hash: 'other' } });
    await expect(other).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    await eventually(
      () => replays.get(first.id),
      ({ status }) => status === 'done',
    );
    expect(await effectsOf(node, 'First')).toEqual({ a: [1, 1], b: [1, 1], c: [1, 1] });
  });

  it('does not wait for that of a paused listener, however many keys it has', async () => {
    const { node, replays } = await started(recording('First'), recording('Second'));
    await node.unitOfWork.run(async (tx) => {
      for (const number of upTo(1_001)) {
        tx.raise('NewCustomerProfileCreated', { customer: customerOf(`key${number}`, 1) });
      }
    });
    await node.dispatcher.settled();
    await node.database
      .sql`INSERT INTO paused_apps (subscription, app_id, reason) VALUES ('First', 1, 'a test')`;
    await node.dispatcher.refresh();
    const held = await replays.start(all, by);
    const { id } = await replays.start({ ...all, listeners: ['Second'], filter: { key: 'key7' } }, by);
    await eventually(
      () => replays.get(id),
      ({ status }) => status === 'done',
    );
    expect(await replays.get(held.id)).toMatchObject({ done: 0, waiting: 1_001 });
  });

  it('excludes later events and those that the condition skips', async () => {
    const listener = { ...recording('First'), when: (event: { key: string }) => event.key !== 'b' };
    const { node, replays } = await started(listener);
    await raiseAll(node, 2);
    await node.database.sql`
      INSERT INTO paused_apps (subscription, app_id, reason) VALUES ('First', 1, 'a test')`;
    await node.dispatcher.refresh();
    await raiseAll(node, 1);
    expect((await replays.preview(all)).listeners).toMatchObject([
      { listener: 'First', run: 4, skipped: 2, notYet: 3 },
    ]);
  });

  it('turns a poisoned event into a dead letter; its key and live events continue', async () => {
    let poison = false;
    const { node, replays } = await started(
      recording('First', (event) => {
        if (poison && event.key === 'a' && numberOf(event) === 2) throw new Error('poison');
      }),
    );
    await raiseAll(node, 3);
    await node.database.sql`DELETE FROM effects`;
    poison = true;
    const { id } = await replays.start(all, by);
    const ended = await eventually(
      () => replays.get(id),
      ({ status }) => status === 'done',
    );
    expect(ended).toMatchObject({ done: 8, dead: 1 });
    expect(await effectsOf(node, 'First')).toEqual({ a: [1, 3], b: upTo(3), c: upTo(3) });
    const dead = await node.database
      .sql`SELECT subscription, key, status, attempts, last_error FROM parked_events`;
    expect(dead).toMatchObject([{ subscription: 'First', key: 'a', status: 'dead', attempts: 4 }]);
    await raiseAll(node, 1);
    expect((await effectsOf(node, 'First')).a).toEqual([1, 3, 1]);
  });

  it('that fails never pauses the live listener, however many of its events are dead letters', async () => {
    let isSick = false;
    const { node, replays } = await startedWith(
      { parkedLimit: 4 },
      recording(
        'First',
        () => {
          if (isSick) throw new Error('sick');
        },
        { retries: 0 },
      ),
    );
    await raiseAll(node, 2);
    isSick = true;
    const { id } = await replays.start(all, by);
    const ended = await eventually(
      () => replays.get(id),
      ({ status }) => status === 'done',
    );
    expect(ended.dead).toBe(6);
    const failed = await replays.entries(id, { status: 'dead', limit: 4 });
    expect(failed.items.map(({ failures }) => failures[0]?.error)).toEqual(
      upTo(4).map(() => expect.stringContaining('sick')),
    );
    const more = await replays.entries(id, { status: 'dead', limit: 4, cursor: failed.next ?? undefined });
    expect(new Set([...failed.items, ...more.items].map(({ eventId }) => eventId)).size).toBe(6);
    expect(more.next).toBeNull();
    // The listener's own limit is unchanged: its fourth parked event pauses it.
    await raiseAll(node, 1);
    await node.unitOfWork.run(async (tx) =>
      tx.raise('NewCustomerProfileCreated', { customer: customerOf('d', 1) }),
    );
    await eventually(
      async () => (await node.database.sql`SELECT FROM paused_apps WHERE subscription = 'First'`).count,
      (paused) => paused === 1,
    );
    expect(await node.database.sql`SELECT FROM parked_events WHERE replay_id IS NULL`).toHaveLength(4);
  });

  it('is listed with the others, newest first', async () => {
    const { node, replays } = await started(recording('First'));
    await raiseAll(node, 1);
    const ids = [];
    for (const key of keys) ids.unshift((await replays.start({ ...all, filter: { key } }, by)).id);
    const first = await replays.list({ limit: 2 });
    const second = await replays.list({ limit: 2, cursor: first.next ?? undefined });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeNull();
  });

  it('is rejected if more would run than the preview showed', async () => {
    const { node, replays } = await started(recording('First'));
    await raiseAll(node, 1);
    await expect(replays.start({ ...all, expected: 2 }, by)).rejects.toMatchObject({ code: 'conflict' });
    expect((await replays.list({ limit: 1 })).items).toEqual([]);
    // It may have run already.
    expect((await replays.start({ ...all, expected: 3 }, by)).status).toMatch(/running|done/);
  });

  it('does not hold up live events of its key while it waits for a retry', async () => {
    let sick = false;
    const { node, replays } = await started(
      recording('First', (event) => {
        if (sick && numberOf(event) === 1) throw new Error('not yet');
      }),
    );
    await raiseAll(node, 1);
    sick = true;
    const { id } = await replays.start({ ...all, filter: { key: 'a' } }, by);
    await node.database.sql`UPDATE replay_entries SET retry_at = now() + interval '1 hour'`;
    await node.unitOfWork.run(async (tx) =>
      tx.raise('NewCustomerProfileCreated', { customer: customerOf('a', 2) }),
    );
    await node.dispatcher.settled();
    expect((await effectsOf(node, 'First')).a).toEqual([1, 2]);
    await replays.cancel(id, 'a person');
  });

  it('cancelled runs nothing more, and what has run stays', async () => {
    let open = () => {};
    let gate: Promise<void> = Promise.resolve();
    const { node, replays } = await started(
      recording('First', (event) => (numberOf(event) === 2 ? gate : undefined)),
    );
    await raiseAll(node, 3);
    await node.database.sql`DELETE FROM effects`;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const { id } = await replays.start({ ...all, filter: { key: 'a' } }, by);
    await eventually(
      () => effectsOf(node, 'First'),
      (seen) => seen.a?.length === 1,
    );
    const cancelling = replays.cancel(id, 'a person');
    open();
    const cancelled = await cancelling;
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.waiting).toBe(0);
    expect((await effectsOf(node, 'First')).a).toEqual(upTo(cancelled.done));
    expect(cancelled.done + cancelled.cancelled).toBe(3);
    await expect(replays.cancel(id + 1, 'a person')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is continued by another node where the first one ended, each event once', async () => {
    const slowly = () => recording('First', () => new Promise<void>((resolve) => setImmediate(resolve)));
    const first = await started(slowly());
    await raiseAll(first.node, 40);
    await first.node.database.sql`DELETE FROM effects`;
    const { id } = await first.replays.start(all, by);
    const second = await started(slowly());
    await first.node.stop();
    const ended = await eventually(
      () => second.replays.get(id),
      ({ status }) => status === 'done',
    );
    expect(ended.done).toBe(120);
    expect(await effectsOf(second.node, 'First')).toEqual({ a: upTo(40), b: upTo(40), c: upTo(40) });
  });

  it('is rejected for unknown listeners, and for those that hold the order of their keys', async () => {
    const { replays } = await started(recording('Holding', () => {}, { onDeadLetter: 'hold' }));
    for (const listener of ['Unknown', 'Holding']) {
      await expect(replays.preview({ ...all, listeners: [listener] })).rejects.toMatchObject({
        code: 'invalid_input',
      });
    }
  });
});
