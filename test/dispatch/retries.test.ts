import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { effectsOf, eventually, recording } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const { start } = useNodes();

describe('a retry', () => {
  it('does not wait for another listener that hangs, however many keys it hangs on', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let failures = 0;
    const hanging = recording('A hangs', () => released, { timeoutMs: 60_000 });
    const failing = recording('B fails once', () => {
      failures += 1;
      if (failures === 1) throw new Error('not yet');
    });
    const one = await start([hanging, failing], { stallMs: 50 });
    try {
      const keys = Array.from({ length: 12 }, (_, index) => `key${index}`);
      for (const key of keys) await raise(one, key);
      const slow = () => one.database.sql`SELECT FROM parked_events WHERE subscription = 'A hangs'`;
      await eventually(slow, (rows) => rows.length === keys.length);
      failures = 0;
      await raise(one, 'other');
      await eventually(
        () => effectsOf(one, 'B fails once'),
        (effects) => 'other' in effects,
      );
      expect(await effectsOf(one, 'A hangs')).toEqual({});
    } finally {
      release();
    }
  });

  it.each([
    {
      hanging: [{ name: 'A', appId: 1 }],
      slow: { name: 'A', appId: 2 },
      what: 'its listener hangs for another app',
    },
    {
      hanging: [
        { name: 'A', appId: 1 },
        { name: 'B', appId: 2 },
      ],
      slow: { name: 'C', appId: 3 },
      what: 'two other listeners hang, each for another app',
    },
  ])(
    'of a slow event does not wait while $what, however many keys they hang on',
    async ({ hanging, slow }) => {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const [begun, keysEach] = [new Map<number, number>(), 6];
      let isSlow = true;
      const listenerOf = (name: string) =>
        recording(
          name,
          async ({ appId }, signal) => {
            const isOne = (one: typeof slow) => one.name === name && one.appId === appId;
            if (hanging.some(isOne)) {
              begun.set(appId, (begun.get(appId) ?? 0) + 1);
              await released;
            }
            if (!isSlow || !isOne(slow)) return;
            isSlow = false;
            await once(signal, 'abort');
          },
          { timeoutMs: 600_000 },
        );
      const one = await start(['A', 'B', 'C'].map(listenerOf), { stallMs: 50 });
      try {
        for (const { appId } of hanging) {
          for (let key = 0; key < keysEach; key += 1) await raise(one, `${appId} key${key}`, 1, appId);
          // All have left the main lane, and are retried as far as they can be.
          await eventually(
            () => begun.get(appId),
            (count = 0) => count > keysEach,
          );
        }
        await raise(one, 'slow', 1, slow.appId);
        await eventually(
          () => effectsOf(one, slow.name),
          (effects) => 'slow' in effects,
        );
      } finally {
        release();
      }
    },
  );

  it('that meets an outage of the database waits for the next poll, and is not counted', async () => {
    const attempts: string[] = [];
    const attemptsOf = (key: string) => attempts.filter((one) => one === key).length;
    let isDown = true;
    const listener = recording('Cut');
    const { handle } = listener;
    const cut = {
      ...listener,
      handle: async (...[event, context]: Parameters<typeof handle>) => {
        attempts.push(event.key);
        if (event.key !== 'key') return;
        if (attempts.length === 1) throw new Error('parked first');
        if (isDown) await context.tx.sql`SELECT pg_terminate_backend(pg_backend_pid())`;
        return handle(event, context);
      },
    };
    const one = await start([cut, recording('Other')], { pollMs: 600_000, retries: 1 });
    await raise(one, 'key');
    const pollUntil = (holds: () => Promise<boolean> | boolean) =>
      eventually(async () => {
        await one.dispatcher.refresh();
        return holds();
      }, Boolean);
    await pollUntil(() => attemptsOf('key') >= 3);
    const before = attemptsOf('key');
    // Without a poll nothing is retried, however much else is handled.
    for (let number = 1; number <= 50; number++) {
      await raise(one, 'other', number);
      await eventually(
        () => effectsOf(one, 'Other'),
        (effects) => effects.other?.length === number,
      );
    }
    // One may have been started by the last poll.
    expect(attemptsOf('key')).toBeLessThanOrEqual(before + 1);
    isDown = false;
    await pollUntil(async () => 'key' in (await effectsOf(one, 'Cut')));
  });
});
