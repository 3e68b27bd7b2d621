import { expect, it } from 'vitest';
import type { DispatchOptions } from './dispatch-options.ts';
import { PausedApps } from './paused-apps.ts';

/** What a read of the database returns while a listener is paused for these apps. */
const pausedFor = (...apps: readonly number[]) => ({ paused: new Map([['Listener', new Set(apps)]]) });

it('an administrator’s change is not undone by a read that began before it and ends late', async () => {
  const apps = new PausedApps({} as DispatchOptions);
  let isPaused = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const periodic = apps.reload(async () => {
    const read = isPaused ? pausedFor(1) : pausedFor();
    await released;
    return read;
  });
  // Until the periodic read has begun.
  await new Promise((resolve) => setImmediate(resolve));
  isPaused = true;
  const afterChange = apps.reload(async () => (isPaused ? pausedFor(1) : pausedFor()));
  release();
  await Promise.all([periodic, afterChange]);
  expect([...apps.appsOf('Listener')]).toEqual([1]);
});

it('a read that fails does so for its caller alone', async () => {
  const apps = new PausedApps({} as DispatchOptions);
  const failing = apps.reload(() => Promise.reject(new Error('no database')));
  const next = apps.reload(async () => pausedFor(2));
  await expect(failing).rejects.toThrow('no database');
  await next;
  expect([...apps.appsOf('Listener')]).toEqual([2]);
});
