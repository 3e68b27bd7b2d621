import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startStandIns } from '@mevrik/stand-ins';
import { startEmbedded } from '../../packages/server/src/db/embedded.ts';
import { call } from './api.ts';

/** The server that the demo runs on, with an administrator's access. */
export interface DemoServer {
  readonly url: string;
  readonly token: string;
  /** The port on which it receives email on this machine; `null` if it receives none or the port is unknown. */
  readonly smtpPort: number | null;
  /** URL of the stand-in for the Graph API that the server uses; `null` if it uses none. */
  readonly standInUrl: string | null;
  /** The port of the stand-in for a mail server; `null` unless the demo has started the server. */
  readonly smtpStandInPort: number | null;
  /** Its database; `null` unless the demo has started the server. */
  readonly databaseUrl: string | null;
  /** The administrator's email address. */
  readonly email: string;
  /** The administrator's password if the demo has generated it. */
  readonly password: string | null;
  /** Stops the server if the demo has started it. */
  stop(): Promise<void>;
}

/** Uses the server at MEVRIK_URL, or starts one with a temporary database. */
export async function useServer(env: NodeJS.ProcessEnv): Promise<DemoServer> {
  const { MEVRIK_URL: url, MEVRIK_EMAIL: email, MEVRIK_PASSWORD: password } = env;
  const standInUrl = env.MEVRIK_STAND_IN?.replace(/\/+$/, '') ?? null;
  if (url === undefined) return startServer();
  if (!email || !password) {
    throw new Error(
      'Set MEVRIK_EMAIL and MEVRIK_PASSWORD to an administrator of that server. Without MEVRIK_URL, a server is started.',
    );
  }
  const address = url.replace(/\/+$/, '');
  const smtpPort = env.MEVRIK_SMTP_PORT ? Number(env.MEVRIK_SMTP_PORT) : null;
  return {
    url: address,
    token: await logIn(address, { email, password }),
    smtpPort,
    standInUrl,
    smtpStandInPort: null,
    databaseUrl: null,
    email,
    password: null,
    async stop() {},
  };
}

async function startServer(): Promise<DemoServer> {
  console.log('Starting a server …');
  const standIns = await startStandIns();
  const folder = await mkdtemp(join(tmpdir(), 'mevrik-demo-'));
  await chmod(folder, 0o711); // Under root, PostgreSQL runs as another user.
  const quiet = { info: () => undefined, warn: (message: string) => console.warn(message) };
  const database = await startEmbedded({ dataDir: folder, log: quiet });
  const child = spawn(process.execPath, [fileURLToPath(new URL('../start.mjs', import.meta.url))], {
    env: {
      ...process.env,
      PORT: process.env.PORT ?? '0',
      SMTP_PORT: '0',
      GRAPH_API_URL: standIns.graphUrl,
      HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGINT');
    await exited;
    await database.stop();
    await standIns.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    let url = '';
    let smtpPort: number | null = null;
    for await (const line of createInterface(child.stdout)) {
      url ||= /running at (http:\/\/\S+)/.exec(line)?.[1] ?? '';
      smtpPort ??= Number(/Email \(SMTP\) +port (\d+)/.exec(line)?.[1] ?? 0) || null;
      const setup = /\/setup\?token=(\S+)/.exec(line)?.[1];
      if (!setup) continue;
      child.stdout.resume();
      const email = 'admin@example.com';
      const password = randomBytes(12).toString('hex');
      await call(url, 'POST', '/v1/setup', { body: { token: setup, name: 'Ada', email, password } });
      return {
        url,
        token: await logIn(url, { email, password }),
        smtpPort,
        standInUrl: standIns.graphUrl,
        smtpStandInPort: standIns.smtpPort,
        databaseUrl: database.url,
        email,
        password,
        stop,
      };
    }
    throw new Error('The server exited before it was ready.');
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Logs in. @returns an access token. */
export async function logIn(
  url: string,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<string> {
  return (await call(url, 'POST', '/v1/agents/login', { body: { email, password } })).accessToken;
}
