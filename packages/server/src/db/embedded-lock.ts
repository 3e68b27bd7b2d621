import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from './error-code.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** Another running process uses the data directory. */
export class DataDirInUseError extends DatabaseUnusableError {
  readonly code = 'DATA_DIR_IN_USE';

  readonly dataDir: string;
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(
      `The data directory ${dataDir} is in use by process ${pid}. ` +
        `Stop that process first (kill ${pid}), or give this one a directory of its own with DATA_DIR.`,
    );
    this.name = 'DataDirInUseError';
    this.dataDir = dataDir;
    this.pid = pid;
  }
}

/** A held lock. */
export interface DirectoryLock {
  release(): Promise<void>;
}

const lockName = /^process-(\d+)-([\w-]+)\.lock$/;
const attempts = 4;

/**
 * Locks the directory for this process until `release`, or until the process ends in any way.
 *
 * Each process writes a file named after itself (pid and start time) and then looks for others. Of two that start
 * together at least one sees the other. The file of a dead process can be removed without a race, since no other
 * process writes that name; taking over one shared lock file would have that race. Two that see each other both
 * step back and try again after different waits.
 *
 * @throws DataDirInUseError when this or another running process holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, `process-${process.pid}-${processIdentity(process.pid) ?? 'unknown'}.lock`);
  for (let attempt = 1; ; attempt++) {
    await createOwn(file, directory);
    const holder = await findOther(directory, file);
    if (holder === undefined) return { release: () => rm(file, { force: true }) };
    await rm(file, { force: true });
    if (attempt === attempts) throw new DataDirInUseError(directory, holder);
    await delay(10 + Math.random() * 60);
  }
}

async function createOwn(file: string, directory: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.close();
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new DataDirInUseError(directory, process.pid);
    throw new DatabaseUnusableError(
      `Cannot write to the data directory ${directory}. Make it writable, or set DATA_DIR.`,
      {
        cause: error,
      },
    );
  }
}

async function findOther(directory: string, own: string): Promise<number | undefined> {
  for (const name of await readdir(directory)) {
    const match = lockName.exec(name);
    if (!match || join(directory, name) === own) continue;
    const pid = Number(match[1]);
    if (processIdentity(pid) === match[2]) return pid;
    await rm(join(directory, name), { force: true });
  }
  return undefined;
}

/**
 * Tells a process from a later one with the same pid: the boot and the time it started.
 * `undefined` if there is no such process, or only its zombie.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxIdentity(pid);
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? undefined : started.replace(/\W+/g, '-');
  } catch {
    // No such process.
    return undefined;
  }
}

function linuxIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may itself contain spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    return `${boot}-${fields[19]}`;
  } catch {
    // No such process.
    return undefined;
  }
}
