import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { startEmbedded } from '../../packages/server/src/db/embedded.ts';
import {
  cleanUp,
  migratedDataDir,
  postgresOf,
  run,
  startServer,
  temporaryDatabase,
  temporaryDataDir,
} from '../support/server.ts';

afterEach(cleanUp);

/** Starts a server that is expected to give up. @returns its output. */
async function refused(env: Record<string, string>): Promise<string> {
  const server = run('server', { PORT: '0', LOG_LEVEL: 'warn', ...env });
  expect(await server.ended).toEqual({ code: 1, signal: null });
  return server.said().trim();
}

/** A word that appears nowhere else. */
const secretWord = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 20);

describe('invalid settings', () => {
  it('are listed together: name, expected and actual value, but no secret', async () => {
    const secrets = {
      DATABASE_URL: `mysql://me:${secretWord('database')}@host/name`,
      REDIS_URL: `http://:${secretWord('redis')}@host`,
      METRICS_TOKEN: secretWord('metrics').slice(0, 8),
      PUSHER_APP_SECRET: secretWord('app').slice(0, 6),
    };
    const said = await refused({
      ...secrets,
      PORT: '70000',
      EVENT_TIMEOUT: 'soon',
      EVENT_QUEUE_ENABLED: 'maybe',
      EVENT_RETRY_ATTEMPTS: '-1',
      CHANNEL_CLEANUP_INTERVAL: '1.5',
      MAX_CONCURRENT_EVENTS: '0',
      LOG_LEVEL: 'loud',
      UNRELATED_PASSWORD: secretWord('unrelated'),
    });
    expect(said.split('\n').sort()).toEqual(
      [
        'Invalid configuration:',
        '  - PORT must be at most 65535 (got "70000").',
        '  - DATABASE_URL must be a URL such as postgres://user:password@host/database.',
        '  - REDIS_URL must start with redis://, rediss://, redis+sentinel:// or redis+cluster://.',
        '  - PUSHER_APP_SECRET must have at least 8 characters.',
        '  - EVENT_QUEUE_ENABLED must be true or false (got "maybe").',
        '  - EVENT_RETRY_ATTEMPTS must be at least 0 (got "-1").',
        '  - EVENT_TIMEOUT must be a whole number (got "soon").',
        '  - CHANNEL_CLEANUP_INTERVAL must be a whole number (got "1.5").',
        '  - MAX_CONCURRENT_EVENTS must be at least 1 (got "0").',
        '  - METRICS_TOKEN must have at least 16 characters.',
        '  - LOG_LEVEL must be debug, info, warn, error or silent (got "loud").',
      ].sort(),
    );
  });

  it('that belong together are required together', async () => {
    const said = await refused({ PUSHER_APP_ID: '1', PUSHER_APP_SECRET: secretWord('app') });
    expect(said).toContain('PUSHER_APP_KEY must also be set: an app has an ID, a key and a secret.');
    expect(said).not.toContain(secretWord('app'));
  });
});

describe('an unusable database', () => {
  const password = secretWord('password');

  it.each([
    ['where nothing listens', `postgres://me:${password}@127.0.0.1:1/name`, 'ECONNREFUSED 127.0.0.1:1'],
    ['whose host cannot be resolved', `postgres://me:${password}@nowhere.invalid/name`, 'nowhere.invalid'],
    ['whose socket does not exist', `postgres://me:${password}@/name?host=/nowhere`, 'ENOENT /nowhere'],
  ])('%s is reported in one line, without the password', async (_what, url, reason) => {
    const said = await refused({ DATABASE_URL: url });
    expect(said).toMatch(/^Cannot connect to the database \([^\n]*\)\. Check DATABASE_URL\.$/);
    expect(said).toContain(reason);
    expect(said).not.toContain(password);
  });

  it('that rejects our password, or does not exist, is reported in one line', async () => {
    const { connection, url } = await temporaryDatabase();
    const wrong = await refused({ DATABASE_URL: url.replace(connection.password, password) });
    expect(wrong).toBe(
      `The database rejected the connection (password authentication failed for user "${connection.user}"). Check DATABASE_URL.`,
    );
    const unknown = await refused({ DATABASE_URL: url.replace(connection.database, 'no_such_name') });
    expect(unknown).toBe(
      'The database rejected the connection (database "no_such_name" does not exist). Check DATABASE_URL.',
    );
  });

  it('whose URL has an unescaped % is a configuration error', async () => {
    const said = await refused({ DATABASE_URL: `postgres://me:${password}50%off@127.0.0.1/name` });
    expect(said).toContain('DATABASE_URL must be a URL such as');
    expect(said).not.toContain(password);
  });

  it('whose data directory cannot be created is reported in one line', async () => {
    const file = join(await temporaryDataDir(), 'a-file');
    await writeFile(file, '');
    const said = await refused({ DATA_DIR: join(file, 'data') });
    expect(said).toMatch(
      /^Cannot create the data directory \S+a-file\/data\. Make it writable, or set DATA_DIR\. \(ENOTDIR[^\n]*\)$/,
    );
  });
});

describe('a data directory that another server uses', () => {
  it('is reported in one line, and the other server keeps running', async () => {
    const dataDir = await migratedDataDir();
    const first = await startServer({ DATA_DIR: dataDir });
    const said = await refused({ DATA_DIR: dataDir });
    expect(said).toBe(
      `The data directory ${dataDir} is in use by process ${first.child.pid}. ` +
        `Stop that process first (kill ${first.child.pid}), or give this one a directory of its own with DATA_DIR.`,
    );
    expect((await first.call('GET', '/readyz')).body).toMatchObject({ ok: true });
  });
});

describe('data of version 0.1', () => {
  it('in a data directory stops the start with one line: which directory to move', async () => {
    const dataDir = await migratedDataDir();
    const embedded = await startEmbedded({ dataDir, log: { info() {}, warn() {} } });
    const database = openDatabase(embedded.connection, { maxConnections: 1, applicationName: 'test' });
    await database.sql`UPDATE drizzle.__drizzle_migrations SET hash = 'of 0.1'`;
    await database.close();
    await embedded.stop();

    expect(await refused({ DATA_DIR: dataDir })).toBe(
      `The data in ${dataDir} was created by version 0.1 or a development build and cannot be upgraded. ` +
        `Nothing was changed. To start over, move that directory away (mv ${dataDir} ${dataDir}-0.1) ` +
        'and start again, or set DATA_DIR to a new directory.',
    );
    expect(postgresOf(dataDir)).toBeUndefined();
  });
});

describe('a port that is in use', () => {
  it('is reported in one line, and everything that was started is stopped', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const dataDir = await migratedDataDir();
    const said = await refused({ DATA_DIR: dataDir, PORT: String(port) });
    other.close();
    expect(said).toMatch(
      /^The port is already in use \([^\n]*\)\. Stop the other process, or set PORT to a free port\.$/,
    );
    expect(said).toContain(String(port));
    expect(postgresOf(dataDir)).toBeUndefined();
  });

  it('or an address that does not belong to this machine is reported in one line', async () => {
    const { url } = await temporaryDatabase();
    // From the block reserved for documentation: no machine has it.
    const said = await refused({ DATABASE_URL: url, HOST: '203.0.113.7' });
    expect(said).toMatch(
      /^Cannot listen on this address \([^\n]*203\.0\.113\.7[^\n]*\)\. Check HOST and PORT\.$/,
    );
  });
});

describe('an unreachable Redis', () => {
  it('is logged without its password, and does not prevent the start', async () => {
    const { url } = await temporaryDatabase();
    const password = secretWord('redis');
    const server = await startServer({ DATABASE_URL: url, REDIS_URL: `redis://:${password}@127.0.0.1:1` });
    expect(server.said()).toContain('Redis connection lost; reconnecting');
    expect(server.said()).not.toContain(password);
    expect((await server.call('GET', '/readyz')).status).toBe(200);
  });
});
