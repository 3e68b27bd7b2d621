import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { copyDatabase, copyFiles } from '../../../../test/support/copies.ts';
import { bundled } from '../../../../test/support/processes.ts';
import { type DatabaseConnectionOptions, type EmbeddedDatabase, startEmbedded } from './embedded.ts';
import { findPackage, restoreSymlinks, usableBinaries } from './embedded-binaries.ts';
import { lockDirectory, processIdentity } from './embedded-lock.ts';
import { isPostmasterOf, readPostmaster } from './embedded-postmaster.ts';

const root = process.getuid?.() === 0;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('a data directory', () => {
  it('keeps the data from one start to the next', async () => {
    const dataDir = await temporary();
    const first = await start(dataDir);
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(processIdentity(first.pid)).toBeUndefined();

    const second = await start(dataDir);
    expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('accepts connections only through the socket and only with the password', async () => {
    const { connection, url } = await start(await withDatabase());
    const [row] = await query(
      connection,
      `SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit, current_setting('max_connections') AS max,
              pg_encoding_to_char(encoding) AS encoding
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({ listen: '', fsync: 'on', commit: 'on', max: '200', encoding: 'UTF8' });

    for (const options of [connection, { connectionString: url }]) {
      const client = new pg.Client(options);
      await client.connect();
      expect((await client.query('SELECT current_database() AS name')).rows).toEqual([{ name: 'mevrik' }]);
      await client.end();
    }
    await expect(query({ ...connection, password: 'guess' }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect((await stat(connection.host)).mode & 0o777).toBe(0o700);
    expect((await stat(join(connection.host, 'password'))).mode & 0o777).toBe(0o600);
  });

  it('is initialised again after an initdb that was killed halfway', async () => {
    const dataDir = await temporary();
    await mkdir(join(dataDir, 'postgres-run', 'data.new', 'base'), { recursive: true });
    const database = await start(dataDir);
    expect(await query(database.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('keeps the socket elsewhere when its path is too long', async () => {
    const dataDir = await withDatabase('d'.repeat(100));
    const database = await start(dataDir);
    expect(database.connection.host.startsWith(dataDir)).toBe(false);
    expect((await stat(database.connection.host)).mode & 0o777).toBe(0o700);
    expect(await query(database.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.stop();
    expect(existsSync(database.connection.host)).toBe(false);
  });
});

describe('one process per directory', () => {
  it('rejects a second start, in the same process or another, until the first has stopped', async () => {
    const dataDir = await withDatabase();
    const other = await startInChild(dataDir);
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'DATA_DIR_IN_USE',
      message: expect.stringContaining(`in use by process ${other.child.pid}`),
    });
    await other.stop();

    const own = await start(dataDir);
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE', pid: process.pid });
    expect(await query(own.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await own.stop();
    await (await start(dataDir)).stop();
  });

  it('takes over the lock of a dead process, even if its pid is in use again', async () => {
    const dataDir = await temporary();
    await writeFile(join(dataDir, `process-${process.ppid}-another-start.lock`), '');
    const lock = await lockDirectory(dataDir);
    await lock.release();
  });

  it('gives the directory to at most one of several that start at once', async () => {
    const dataDir = await temporary();
    const children = await Promise.allSettled([
      startInChild(dataDir),
      startInChild(dataDir),
      startInChild(dataDir),
    ]);
    const won = children.filter((child) => child.status === 'fulfilled');
    expect(won.length).toBeLessThanOrEqual(1);
  });
});

describe('PostgreSQL that ends by itself', () => {
  it('is started again with the data, for those who had connected to it', async () => {
    const warnings: string[] = [];
    const database = await start(await withDatabase(), { warnings });
    await query(database.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const killed = database.pid;
    process.kill(killed, 'SIGKILL');
    // Fails while it is not running.
    const read = () => query(database.connection, 'SELECT answer FROM kept').catch(() => undefined);
    await expect.poll(() => database.pid).not.toBe(killed);
    await expect.poll(read).toEqual([{ answer: 42 }]);
    expect(warnings).toEqual([`PostgreSQL (pid ${killed}) ended unexpectedly: starting it again`]);
    await database.stop();
    expect(processIdentity(database.pid)).toBeUndefined();
  });

  it('is tried again for as long as it does not start', async () => {
    const dataDir = await withDatabase();
    const warnings: string[] = [];
    const database = await start(dataDir, { warnings });
    const control = join(dataDir, 'postgres/global/pg_control');
    await rename(control, `${control}.away`);
    process.kill(database.pid, 'SIGKILL');
    await expect.poll(() => warnings.join('\n')).toContain('PostgreSQL did not start');
    await rename(`${control}.away`, control);
    // Fails while it is not running.
    const read = () => query(database.connection, 'SELECT 1 AS one').catch(() => undefined);
    await expect.poll(read).toEqual([{ one: 1 }]);
  });

  it('is not started again by a process that stops', async () => {
    const dataDir = await withDatabase();
    const warnings: string[] = [];
    const database = await start(dataDir, { warnings });
    process.kill(database.pid, 'SIGKILL');
    await database.stop();
    expect(isPostmasterOf(database.pid, join(dataDir, 'postgres'))).toBe(false);
    // The directory is free for the next process.
    await start(dataDir);
  });
});

describe('after a kill', () => {
  it('takes over the PostgreSQL that a killed process left running', async () => {
    const dataDir = await withDatabase();
    const other = await startInChild(dataDir);
    await query(other.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await kill(other.child);
    expect(isPostmasterOf(other.postmaster, join(dataDir, 'postgres'))).toBe(true);

    const database = await start(dataDir);
    expect(database.pid).toBe(other.postmaster);
    expect(await query(database.connection, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await database.stop();
    expect(processIdentity(other.postmaster)).toBeUndefined();
  });

  it('recovers when PostgreSQL was killed as well', async () => {
    const dataDir = await withDatabase();
    const other = await startInChild(dataDir);
    await query(other.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await kill(other.child);
    process.kill(other.postmaster, 'SIGKILL');
    await expect.poll(() => processIdentity(other.postmaster)).toBeUndefined();

    const database = await start(dataDir);
    expect(await query(database.connection, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('restarts PostgreSQL when the socket of the one left running is gone', async () => {
    const dataDir = await withDatabase();
    const other = await startInChild(dataDir);
    await kill(other.child);
    await rm(join(other.connection.host, '.s.PGSQL.5432'));
    const database = await start(dataDir);
    expect(database.pid).not.toBe(other.postmaster);
    expect(await query(database.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('reports a missing password file, and leaves nothing running', async () => {
    const dataDir = await withDatabase();
    await rm(join(dataDir, 'postgres-run', 'password'));
    await expect(start(dataDir)).rejects.toThrow(/password .* cannot be read/);
    expect(readPostmaster(join(dataDir, 'postgres'))).toBeUndefined();
  });

  it('ignores a pid file whose pid belongs to another process', async () => {
    const dataDir = await withDatabase();
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    await writeFile(file, `${process.pid}\n${dataDir}/postgres\n1\n5432\n/nowhere\n\n\nready\n`);
    const database = await start(dataDir);
    expect(readPostmaster(join(dataDir, 'postgres'))?.pid).toBe(database.pid);
  });
});

describe.runIf(root)('as root', () => {
  it('runs PostgreSQL as another user', async () => {
    const database = await start(await temporary());
    expect((await stat(`/proc/${database.pid}`)).uid).not.toBe(0);
  });

  it('keeps the data in the fallback directory when it cannot enter the configured one, finds it again, and warns', async () => {
    const closed = await temporary(0o700);
    const fallbackDir = await temporary();
    const dataDir = join(closed, 'data');
    const warnings: string[] = [];
    const first = await start(dataDir, { fallbackDir, warnings });
    expect(first.dataDir.startsWith(fallbackDir)).toBe(true);
    expect(warnings.join()).toContain(dataDir);
    expect(warnings.join()).toContain(first.dataDir.replace(/\/postgres$/, ''));
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    // Opened later: the data stays where it was; no empty database replaces it in the configured directory.
    await chmod(closed, 0o755);
    const second = await start(dataDir, { fallbackDir });
    expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('throws when it can enter neither directory, and when it can no longer enter that of existing data', async () => {
    const closed = await temporary(0o700);
    await expect(start(join(closed, 'data'), { fallbackDir: join(closed, 'fallback') })).rejects.toThrow(
      /Set DATA_DIR to a directory whose parents everyone can enter/,
    );

    const dataDir = await withDatabase('data');
    await chmod(dirname(dataDir), 0o700);
    await expect(start(dataDir)).rejects.toThrow(/cannot be reached by its owner/);
  });

  it('works as an ordinary user who can read the checkout', async () => {
    const dataDir = await temporary();
    await chown(dataDir, 65534, 65534);
    const other = await startInChild(dataDir, { uid: 65534, gid: 65534 });
    expect((await stat(`/proc/${other.postmaster}`)).uid).toBe(65534);
    await query(other.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await other.stop();

    // Root then runs it as the data's owner, so that the owner can use it again.
    const database = await start(dataDir);
    expect(await query(database.connection, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await database.stop();
    await (await startInChild(dataDir, { uid: 65534, gid: 65534 })).stop();
  });

  it('copies the programs once when the user cannot enter their folder', async () => {
    const closed = await temporary(0o700);
    const copies = await temporary();
    const found = findPackage();
    await copyFiles([join(found.folder, 'native')], closed);
    const warnings: string[] = [];
    const options = { copies, log: { warn: (message: string) => warnings.push(message) } };
    const user = { uid: 65534, gid: 65534 };
    for (let round = 0; round < 2; round++) {
      const binaries = await usableBinaries({ ...found, folder: closed }, user, options);
      expect(binaries.postgres.startsWith(copies)).toBe(true);
    }
    expect(warnings).toHaveLength(1);
  });
});

describe('the platform package', () => {
  it('gets the links that a blocked install script left out', async () => {
    const found = findPackage();
    const copy = await temporary();
    await copyFiles([join(found.folder, 'native')], copy);
    const links = JSON.parse(await readFile(join(copy, 'native', 'pg-symlinks.json'), 'utf8')) as {
      target: string;
    }[];
    for (const { target } of links) await rm(join(copy, target), { force: true });

    expect(await restoreSymlinks(copy)).toBe(links.length);
    for (const { target } of links) {
      expect(lstatSync(join(copy, target)).isSymbolicLink()).toBe(true);
      expect(existsSync(join(copy, target))).toBe(true);
    }
    expect(await restoreSymlinks(copy)).toBe(0);
  });
});

/** A temporary directory that everyone can enter by default. */
async function temporary(mode = 0o755): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mevrik-embedded-'));
  await chmod(directory, mode);
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A data directory with a database. It is a copy: to create one takes seconds of CPU time. */
async function withDatabase(name = ''): Promise<string> {
  const dataDir = join(await temporary(), name);
  await mkdir(dataDir, { recursive: true });
  await copyDatabase(inject('migratedDataDir'), dataDir);
  return dataDir;
}

async function start(
  dataDir: string,
  options: { fallbackDir?: string; warnings?: string[] } = {},
): Promise<EmbeddedDatabase> {
  const { warnings = [], ...rest } = options;
  const log = { info: () => undefined, warn: (message: string) => void warnings.push(message) };
  const database = await startEmbedded({ dataDir, log, ...rest });
  cleanups.push(() => database.stop());
  return database;
}

async function query(connection: DatabaseConnectionOptions, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

interface StartedChild {
  child: ChildProcess;
  connection: DatabaseConnectionOptions;
  postmaster: number;
  stop(): Promise<void>;
}

/** Starts the database in a separate Node process, which stops it when its standard input ends. */
async function startInChild(
  dataDir: string,
  user: { uid?: number; gid?: number } = {},
): Promise<StartedChild> {
  const program = await bundled('test/support/embedded-worker.ts');
  const child = spawn(process.execPath, [program, dataDir], { ...user, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.stdin.end();
    await exited;
  };
  cleanups.push(stop);
  for await (const line of createInterface(child.stdout)) {
    const { connection, postmaster } = JSON.parse(line) as {
      connection: DatabaseConnectionOptions;
      postmaster: number;
    };
    return { child, connection, postmaster, stop };
  }
  throw new Error(`the child ended: ${output}`);
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
