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
