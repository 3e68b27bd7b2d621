import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../db/error-code.ts';
import { within } from '../domain/deadline.ts';
import type { CheckResult } from './health.ts';
import type { Log } from './log.ts';

/** The dependencies of `watchDiskSpace`. */
export interface DiskSpaceDeps {
  /** The directories where data is stored; of one that does not exist yet, the directory in which it will be. */
  readonly directories: readonly string[];
  /** New data is refused from here on, in bytes; what was accepted before may use the rest. */
  readonly reserveBytes: number;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly checkMs?: number;
  /** Reads the free space of a directory in bytes; by default that of its file system. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

/** Knows whether there is room for new data. */
export interface DiskSpace {
  /** Whether new data should be refused, as of the last check. */
  readonly isLow: () => boolean;
  readonly check: () => CheckResult;
  stop(): Promise<void>;
}

/** Data is accepted again once there is this much more room than the reserve, so that the two do not alternate. */
const recoveryFactor = 1.1;

const measureMs = 3_000;
/** The longest pause between two checks while new data is refused. */
const lowCheckMs = 1_000;

/** Watches the free space of directories. Checks once before it resolves. */
export async function watchDiskSpace(deps: DiskSpaceDeps): Promise<DiskSpace> {
  const { directories, reserveBytes, log, checkMs = 5_000, freeBytes = freeBytesOf } = deps;
  let isLow = false;
  let least = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let checking = Promise.resolve();
  let isStopped = false;

  async function measure(): Promise<void> {
    const free = await within(
      measureMs,
      Promise.all(directories.map(freeBytes)),
      'A file system does not answer.',
    );
    least = Math.min(...free);
    const wasLow = isLow;
    isLow = least < reserveBytes * (wasLow ? recoveryFactor : 1);
    const detail = { freeMegabytes: megabytes(least), reserveMegabytes: megabytes(reserveBytes) };
    if (isLow && !wasLow) log.error(detail, 'disk nearly full; rejecting new messages');
    if (!isLow && wasLow) log.info(detail, 'disk space recovered; accepting new messages');
  }

  async function measureLater(): Promise<void> {
    await measure().catch((error: unknown) => log.warn({ err: error }, 'failed to measure the disk space'));
    if (isStopped) return;
    const pauseMs = isLow ? Math.min(checkMs, lowCheckMs) : checkMs;
    timer = setTimeout(() => {
      checking = measureLater();
    }, pauseMs).unref();
  }

  if (reserveBytes > 0) await measureLater();
  return {
    isLow: () => isLow,
    check: () => ({
      ok: !isLow,
      // What is there can still be read, and everything else be done.
      decides: false,
      detail: Number.isFinite(least) ? `${megabytes(least)} MB free` : 'not watched',
    }),
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await checking;
    },
  };
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1_048_576);
}

/** The space that a process without special rights can use. */
async function freeBytesOf(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(directory);
    if (errorCode(error) !== 'ENOENT' || above === directory) throw error;
    return freeBytesOf(above);
  }
}
