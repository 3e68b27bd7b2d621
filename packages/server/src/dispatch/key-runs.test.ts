import { describe, expect, it } from 'vitest';
import { KeyRuns } from './key-runs.ts';

function withResolvers() {
  let resolve: (value: undefined) => void = () => {};
  const promise = new Promise<undefined>((resume) => {
    resolve = resume;
  });
  return { promise, resolve };
}

describe('runs of keys', () => {
  it('are one per key, and report when no further key can be started', async () => {
    const runs = new KeyRuns(2);
    const started: string[] = [];
    const start = (key: string) =>
      runs.start(key, [], async () => {
        started.push(key);
        return undefined;
      });
    start('one');
    start('one');
    expect(runs.isFull).toBe(false);
    start('two');
    expect([started, runs.isFull]).toEqual([['one', 'two'], true]);
    await runs.ended();
    expect(runs.isFull).toBe(false);
  });

  it('leave room for other groups', async () => {
    const runs = new KeyRuns(3);
    const { promise, resolve } = withResolvers();
    const start = (key: string, ...groups: string[]) => {
      if (!runs.hasRoomFor(groups)) return false;
      runs.start(key, groups, () => promise);
      return true;
    };
    expect([start('one', 'a', 'x'), start('two', 'a', 'y'), start('three', 'a', 'z')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([start('four', 'b', 'z'), start('five', 'c')]).toEqual([true, false]);
    resolve(undefined);
    await runs.ended();
    expect(start('six', 'a')).toBe(true);
    await runs.ended();
  });

  it('leave room for other combinations of groups', async () => {
    const runs = new KeyRuns(4);
    const { promise, resolve } = withResolvers();
    const start = (key: string, ...groups: string[]) => {
      const hasRoom = runs.hasRoomFor(groups);
      if (hasRoom) runs.start(key, groups, () => promise);
      return hasRoom;
    };
    expect(['one', 'two', 'three'].map((key) => start(key, 'a', 'x'))).toEqual([true, true, false]);
    expect(['four', 'five'].map((key) => start(key, 'a', 'y'))).toEqual([true, false]);
    expect([start('six', 'a', 'z'), start('seven', 'b', 'x')]).toEqual([false, true]);
    resolve(undefined);
    await runs.ended();
  });

  it('can be started again from what is called at their end', async () => {
    const runs = new KeyRuns(1);
    let count = 0;
    const work = async () => {
      count += 1;
      return count === 1 ? () => runs.start('one', [], work) : undefined;
    };
    runs.start('one', [], work);
    await runs.ended();
    await runs.ended();
    expect([count, runs.isFull]).toEqual([2, false]);
  });
});
