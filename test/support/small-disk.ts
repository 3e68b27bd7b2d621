import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../packages/server/src/db/error-code.ts';

/** A directory that is a small file system for one program and what it starts, and empty for all others. Linux only. */
export interface SmallDisk {
  /** The command that becomes the program. */
  readonly launcher: readonly string[];
  /** The path by which other processes reach a file on it while the program runs. */
  path(pid: number, ...names: readonly string[]): string;
  /** Takes all its room, but for this many megabytes. */
  fill(pid: number, exceptMegabytes?: number): Promise<void>;
  /** Gives that room back. */
  clear(pid: number): Promise<void>;
}

const megabyte = 2 ** 20;

/** A file system of this many megabytes, in memory, at an empty directory. */
export function smallDisk(directory: string, megabytes: number): SmallDisk {
  const isRoot = process.getuid?.() === 0;
  const namespaces = isRoot ? ['--mount'] : ['--user', '--map-current-user', '--keep-caps', '--mount'];
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=0711 tmpfs "$0" && exec "$@"`;
  const path = (pid: number, ...names: readonly string[]) => join(`/proc/${pid}/root`, directory, ...names);
  return {
    launcher: ['unshare', ...namespaces, 'sh', '-c', mount, directory],
    path,
    async fill(pid, exceptMegabytes = 0) {
      const { bavail, bsize } = await statfs(path(pid));
      await append(path(pid, 'filler'), bavail * bsize - exceptMegabytes * megabyte);
    },
    clear: (pid) => rm(path(pid, 'filler')),
  };
}

/** Appends bytes to a file, or as many as there is room for. */
async function append(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'a');
  const chunk = Buffer.alloc(megabyte);
  try {
    for (let left = bytes; left > 0; ) {
      left -= (await handle.write(chunk, 0, Math.min(left, megabyte))).bytesWritten;
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOSPC') throw error;
  } finally {
    await handle.close();
  }
}
