import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { processIdentity } from '../../packages/server/src/db/embedded-lock.ts';
import { isPostmasterOf, readPostmaster } from '../../packages/server/src/db/embedded-postmaster.ts';
import { copyDatabase } from './copies.ts';
import { createTestDatabase } from './database.ts';
import type { Answer, CallOptions } from './product.ts';

/** The programs that an operator runs, as `npm start` builds them. */
const programs = { server: 'packages/server/dist/main.js', cli: 'packages/server/dist/cli.js' };

/** A program of ours in its own process. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** Its output so far, on both streams. */
  said(): string;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** A server that has printed its greeting. */
export interface RunningServer extends RunningProgram {
  readonly url: string;
  /** The one-time link in the greeting; `null` if there is none. */
  readonly setupUrl: string | null;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

/** The app that servers are started with. */
export const app = { id: 1, key: 'test-app', secret: 'test-app-secret' };
export const appEnv = {
  PUSHER_APP_ID: String(app.id),
  PUSHER_APP_KEY: app.key,
  PUSHER_APP_SECRET: app.secret,
};

const cleanups: (() => Promise<unknown>)[] = [];

/** Stops everything that the test has started, in reverse order. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** Runs a program with exactly this environment; `launcher` is a command that becomes the program. */
export function run(
  program: keyof typeof programs,
  env: Record<string, string>,
  args: readonly string[] = [],
  launcher: readonly string[] = [],
): RunningProgram {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  const [command = '', ...rest] = [...launcher, process.execPath, programs[program], ...args];
  const child = spawn(command, rest, {
    env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended: RunningProgram['ended'] = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  cleanups.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return { child, said: () => text, ended };
}

/** The exit code and the output of `mevrik …` with this environment. */
export async function mevrik(env: Record<string, string>, ...args: string[]) {
  const program = run('cli', env, args);
  const { code } = await program.ended;
  return { code, said: program.said().trim() };
}

/** Starts a server on a free port and waits for its greeting; `launcher` is a command that becomes the server. */
export async function startServer(
  env: Record<string, string>,
  launcher: readonly string[] = [],
): Promise<RunningServer> {
  // Watching for hangs takes CPU time at each start.
  const quick = { PORT: '0', RATE_LIMIT: '100000', HANG_LIMIT: '0' };
  const program = run('server', { ...quick, ...env }, [], launcher);
  const greeted = new Promise<void>((resolve) => {
    program.child.stdout?.on('data', () => {
      if (program.said().includes('Press Ctrl+C to stop.')) resolve();
    });
  });
  const tooSoon = program.ended.then(({ code, signal }) => {
    throw new Error(
      `The server ended before it had greeted (${code ?? signal}). It said:\n${program.said()}`,
    );
  });
  // The race below reports it; afterwards the exit is expected.
  tooSoon.catch(() => {});
  await Promise.race([greeted, tooSoon]);
  const url = /running at (\S+)/.exec(program.said())?.[1] ?? '';
  return {
    ...program,
    url,
    setupUrl: /\S+\/setup\?token=\S+/.exec(program.said())?.[0] ?? null,
    call: (method, path, options) => call(`${url}${path}`, method, options),
  };
}

async function call(address: string, method: string, options: CallOptions = {}): Promise<Answer> {
  const { token, body, headers = {} } = options;
  const response = await fetch(address, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? await response.json() : await response.text(),
  };
}

/** Sends a signal and waits for the exit. */
export async function stop(program: RunningProgram, signal: NodeJS.Signals = 'SIGTERM') {
  program.child.kill(signal);
  return program.ended;
}

/** Starts a visit on a server. The token is valid on every server with the same database. */
export async function visit(server: RunningServer, appKey = app.key) {
  return toVisit(await server.call('POST', '/v1/visitors', { body: { appKey } }));
}

/** Resumes a visit on a server, as its page does when the access token was rejected. */
export async function resumeVisit(
  server: RunningServer,
  { refreshToken }: { readonly refreshToken: string },
) {
  return toVisit(await server.call('POST', '/v1/visitors/refresh', { body: { refreshToken } }));
}

function toVisit({ status, body }: Answer) {
  if (status >= 300) throw new Error(`The visit did not begin: ${JSON.stringify(body)}`);
  return {
    token: body.accessToken as string,
    refreshToken: body.refreshToken as string,
    sessionId: body.session.id as number,
  };
}

/** The messages of a visit, oldest first. */
export async function history(server: RunningServer, token: string) {
  const { body } = await server.call('GET', '/v1/messages?limit=100', { token });
  return (body.items as { content: { text?: string }; sender: { type: string } }[])
    .map(({ content, sender }) => ({ from: sender.type, text: content.text }))
    .reverse();
}

/** Creates the first administrator with the one-time link and logs in. */
export async function setUp(server: RunningServer, setupUrl = server.setupUrl) {
  const person = { email: 'ada@example.com', password: 'a long passphrase' };
  const token = new URL(setupUrl ?? '').searchParams.get('token');
  const made = await server.call('POST', '/v1/setup', { body: { token, name: 'Ada', ...person } });
  if (made.status !== 201) throw new Error(`The setup was refused: ${JSON.stringify(made.body)}`);
  return logIn(server, person);
}

/** Logs in on a server, by default as the first administrator. */
export async function logIn(
  server: RunningServer,
  person = { email: 'ada@example.com', password: 'a long passphrase' },
): Promise<string> {
  const { status, body } = await server.call('POST', '/v1/agents/login', { body: person });
  if (status !== 200) throw new Error(`Login failed: ${JSON.stringify(body)}`);
  return body.accessToken;
}

/** An empty data directory; a PostgreSQL that is still running there at the end is stopped. */
export async function temporaryDataDir(): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'mevrik-server-'));
  // mkdtemp closes the directory to others; as root, PostgreSQL runs as another user.
  await chmod(directory, 0o711);
  cleanups.push(async () => {
    const pid = postgresOf(directory);
    if (pid !== undefined) {
      process.kill(pid, 'SIGQUIT');
      await expect.poll(() => processIdentity(pid)).toBeUndefined();
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return directory;
}

/**
 * A data directory with a migrated database, but without an app or an administrator, as no server has started on it.
 * It is a copy: to create and migrate a database takes seconds of CPU time.
 */
export async function migratedDataDir(): Promise<string> {
  const directory = await temporaryDataDir();
  await copyDatabase(inject('migratedDataDir'), directory);
  return directory;
}

/** The pid of the PostgreSQL that runs in a data directory, if one does. */
export function postgresOf(dataDir: string): number | undefined {
  const data = join(dataDir, 'postgres');
  const found = readPostmaster(data);
  return found && isPostmasterOf(found.pid, data) ? found.pid : undefined;
}

/** A new migrated database; connections to it that are still open at the end are closed. */
export async function temporaryDatabase() {
  const database = await createTestDatabase({ allowLeaks: true });
  cleanups.push(() => database.drop());
  return database;
}

/** A database without any tables. */
export async function emptyDatabase(): Promise<{ url: string; sql: ReturnType<typeof openDatabase>['sql'] }> {
  const { connection, url } = await temporaryDatabase();
  const name = `empty_${randomBytes(5).toString('hex')}`;
  const maker = openDatabase(connection, { maxConnections: 1, applicationName: 'test' });
  await maker.sql.unsafe(`CREATE DATABASE ${name}`);
  const made = openDatabase(
    { ...connection, database: name },
    { maxConnections: 1, applicationName: 'test' },
  );
  cleanups.push(async () => {
    await made.close();
    await maker.sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await maker.close();
  });
  return { url: url.replace(connection.database, name), sql: made.sql };
}
