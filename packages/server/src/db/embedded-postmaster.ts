import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataLocation } from './data-location.ts';
import type { Binaries } from './embedded-binaries.ts';
import { processIdentity } from './embedded-lock.ts';
import { errorCode } from './error-code.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** A running PostgreSQL. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketDirectory: string;
  readonly status: string;
}

const pollMs = 5;
const scanMs = 50;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;

/** Reads postmaster.pid. Its last line says "ready" once PostgreSQL accepts connections. */
export function readPostmaster(data: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    const [, , , port = '', socketDirectory = '', , , status = ''] = lines;
    return { pid, port: Number(port), socketDirectory, status: status.trim() };
  } catch {
    // No such file: PostgreSQL is not running.
    return undefined;
  }
}

/** Whether the process is running and is the postmaster of this data directory, not another one with the same pid. */
export function isPostmasterOf(pid: number, data: string): boolean {
  if (processIdentity(pid) === undefined) return false;
  try {
    // The postmaster works in its data directory.
    if (process.platform === 'linux') return linuxDirectory(pid, data) === data;
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(data);
  } catch {
    // The process has ended or belongs to another user.
    return false;
  }
}

/** The working directory of a process; that of another user's may be hidden, but not with which arguments it runs. */
function linuxDirectory(pid: number, data: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find((argument) => argument === data);
  }
}

/**
 * The postmaster that a killed parent left running in this data directory, ready for connections, if there is one.
 * Waits for one that is stopping.
 */
export async function findRunning(data: string, signal?: AbortSignal): Promise<Postmaster | undefined> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = readPostmaster(data);
    if (!found) return undefined;
    if (!isPostmasterOf(found.pid, data)) {
      await clearAfterDeath(found.pid, data, deadline, signal);
      return undefined;
    }
    if (found.status === 'ready') return found;
    if (performance.now() > deadline)
      throw new DatabaseUnusableError(`PostgreSQL (pid ${found.pid}) in ${data} does not become ready`);
    await delay(pollMs);
  }
}

/**
 * Cleans up after a postmaster that was killed. Its backends notice and end by themselves, and a new postmaster must
 * not start before that. PostgreSQL removes the pid file of a dead process, but refuses to start when the pid answers
 * signals, as a zombie does (in a container without a reaper), and another process with the same pid.
 */
async function clearAfterDeath(
  pid: number,
  data: string,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (hasProcessesIn(data)) {
    signal?.throwIfAborted();
    if (performance.now() > deadline)
      throw new DatabaseUnusableError(`Processes of a killed PostgreSQL are still running in ${data}`);
    // Each look reads all processes of the machine.
    await delay(scanMs);
  }
  if (answersSignals(pid)) await rm(join(data, 'postmaster.pid'), { force: true });
}

/** Whether any process has this working directory. Known on Linux only; elsewhere PostgreSQL checks for itself. */
function hasProcessesIn(directory: string): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === directory;
    } catch {
      // The process has ended or belongs to another user.
      return false;
    }
  });
}

function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

interface LaunchOptions {
  readonly socketDirectory: string;
  readonly maxConnections: number;
  readonly fsync: boolean;
  /** Gives up and stops it again. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts PostgreSQL and waits until it accepts connections. */
export async function launch(
  location: DataLocation,
  binaries: Binaries,
  options: LaunchOptions,
): Promise<Postmaster> {
  // The socket's lock file outlives a kill too. The directory belongs to this data alone, and nothing runs on it now.
  await rm(join(options.socketDirectory, '.s.PGSQL.5432.lock'), { force: true });
  const logFile = join(location.run, 'postgres.log');
  // At the first start there is no log of an earlier run.
  await rename(logFile, `${logFile}.1`).catch(() => {});
  const log = openSync(logFile, 'w', 0o600);
  const settings = Object.entries(settingsFor(options)).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(binaries.postgres, ['-D', location.data, ...settings], {
    ...location.user,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', log, log],
    // Its own process group: Ctrl-C in a terminal signals the whole group, and the server must stop before PostgreSQL.
    detached: true,
  });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.once('exit', (code, signal) => {
    ended = signal ?? `code ${code}`;
  });
  child.once('error', (error) => {
    ended = error.message;
  });
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const found = readPostmaster(location.data);
    if (found && found.pid === child.pid && found.status === 'ready') return found;
    if (ended !== undefined) {
      const output = readFileSync(logFile, 'utf8').trim().split('\n').slice(-8).join('\n');
      throw new DatabaseUnusableError(
        `PostgreSQL did not start (${ended}) in ${location.data}. Its output:\n${output}`,
      );
    }
    // While it is starting it may be recovering, which takes as long as it takes.
    const isLate = performance.now() > deadline && found?.status !== 'starting';
    if (isLate || options.signal?.aborted) {
      child.kill('SIGQUIT');
      options.signal?.throwIfAborted();
      throw new DatabaseUnusableError(
        `PostgreSQL was not ready after ${startTimeoutMs / 1000} s. Its log is ${logFile}`,
      );
    }
    await delay(pollMs);
  }
}

/** Fast shutdown: ends the sessions and writes a checkpoint. Waits until the process has ended. */
export async function shutDown(
  postmaster: Pick<Postmaster, 'pid'>,
  data: string,
  log: { warn(message: string): void },
): Promise<void> {
  const identity = isPostmasterOf(postmaster.pid, data) ? processIdentity(postmaster.pid) : undefined;
  // By its identity: while a process ends, it has no directory any more.
  const isRunning = () => identity !== undefined && processIdentity(postmaster.pid) === identity;
  const send = (signal: NodeJS.Signals) => {
    if (isRunning()) process.kill(postmaster.pid, signal);
  };
  send('SIGINT');
  let deadline = performance.now() + stopTimeoutMs;
  while (isRunning()) {
    if (performance.now() > deadline) {
      log.warn(
        `PostgreSQL (pid ${postmaster.pid}) is still running after ${stopTimeoutMs / 1000} s: forcing it to stop`,
      );
      send('SIGQUIT');
      deadline = performance.now() + stopTimeoutMs;
    }
    await delay(pollMs);
  }
}

function settingsFor(options: LaunchOptions): Record<string, string | number> {
  return {
    listen_addresses: '',
    port: 5432,
    // PostgreSQL reads a list: in quotes, a comma is part of the path.
    unix_socket_directories: `"${options.socketDirectory}"`,
    unix_socket_permissions: '0700',
    max_connections: options.maxConnections,
    shared_buffers: '256MB',
    maintenance_work_mem: '128MB',
    work_mem: '8MB',
    // A commit survives a power cut. Set here so that an edited configuration file cannot change it.
    fsync: options.fsync ? 'on' : 'off',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    max_wal_size: '2GB',
    min_wal_size: '256MB',
    checkpoint_timeout: '15min',
    // Small hot tables (checkpoints, deliveries, jobs) are rewritten many times an hour: vacuum often and early.
    autovacuum_naptime: '15s',
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_analyze_scale_factor: 0.05,
    autovacuum_vacuum_insert_scale_factor: 0.1,
    autovacuum_vacuum_cost_limit: 1000,
    random_page_cost: 1.1,
    // JIT compilation costs more than it saves on queries of a few milliseconds.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // Callers report failed statements; the file only has starts, stops and crashes, and stays small.
    log_min_messages: 'log',
  };
}
