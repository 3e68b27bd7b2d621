import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type DiskSpace, type DiskSpaceDeps, watchDiskSpace } from './disk-space.ts';

const megabyte = 1_048_576;
let disk: DiskSpace;
const logged: string[] = [];
afterEach(() => disk.stop());

async function watch(deps: Partial<DiskSpaceDeps>): Promise<void> {
  logged.length = 0;
  const write = (_detail: object, message: string) => logged.push(message);
  const log = { info: write, warn: write, error: write } as unknown as DiskSpaceDeps['log'];
  disk = await watchDiskSpace({
    directories: ['/a'],
    reserveBytes: 100 * megabyte,
    checkMs: 5,
    log,
    ...deps,
  });
}

it('refuses new data while one of the disks has less room than the reserve', async () => {
  const free: Record<string, number> = { '/data': 500, '/files': 99 };
  await watch({
    directories: Object.keys(free),
    freeBytes: async (directory) => (free[directory] ?? 0) * megabyte,
  });
  expect(disk.isLow()).toBe(true);
  expect(disk.check()).toMatchObject({ ok: false, detail: '99 MB free' });

  // Not yet: it would be low again with the next message.
  free['/files'] = 105;
  await expect.poll(() => disk.check().detail).toBe('105 MB free');
  expect(disk.isLow()).toBe(true);
  free['/files'] = 120;
  await expect.poll(() => disk.isLow()).toBe(false);
  expect(logged).toEqual([
    'disk nearly full; rejecting new messages',
    'disk space recovered; accepting new messages',
  ]);
});

it('keeps its last state when the space cannot be read', async () => {
  let isBroken = false;
  await watch({
    freeBytes: async () => {
      if (isBroken) throw new Error('no such device');
      return 50 * megabyte;
    },
  });
  isBroken = true;
  await expect.poll(() => logged).toContain('failed to measure the disk space');
  expect(disk.isLow()).toBe(true);
});

it('reads the free space of real directories, and where one will be', async () => {
  await watch({ directories: [tmpdir(), join(tmpdir(), 'not/yet')], reserveBytes: 1 });
  expect(disk.check()).toMatchObject({ ok: true, detail: expect.stringMatching(/^\d+ MB free$/) });
});

it('does nothing without a reserve', async () => {
  await watch({ reserveBytes: 0, freeBytes: async () => 0 });
  expect(disk.isLow()).toBe(false);
});
