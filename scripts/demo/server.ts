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

/** A server to play on, and an administrator's access to it. */
export interface DemoServer {
  readonly url: string;
  readonly token: string;
  /** The port on which it receives mails, on the same machine; `null` where it does not, or that is not known. */
  readonly mailPort: number | null;
  /** What stands in for Facebook, where the server was started with it as its Graph API; `null` where there is none. */
  readonly standInUrl: string | null;
  /** The port of what stands in for a mail server; `null` on a server that is not our own. */
  readonly smtpStandInPort: number | null;
  /** Its database; `null` on a server that is not our own. */
  readonly databaseUrl: string | null;
  /** The administrator's address. */
  readonly email: string;
  /** The administrator's password, where we have made one up. */
  readonly password: string | null;
  /** Ends the server, where it is our own. */
  stop(): Promise<void>;
}

/** The server at MEVRIK_URL, or one of our own on a database that goes away with it. */
export async function useServer(env: NodeJS.ProcessEnv): Promise<DemoServer> {
  const { MEVRIK_URL: url, MEVRIK_EMAIL: email, MEVRIK_PASSWORD: password, MEVRIK_SMTP_PORT: smtpPort } = env;
  const standInUrl = env.MEVRIK_STAND_IN?.replace(/\/+$/, '') ?? null;
  if (url === undefined) return startServer();
  if (!email || !password) {
    throw new Error(
      'Set MEVRIK_EMAIL and MEVRIK_PASSWORD to an administrator of that server. Without MEVRIK_URL, a server is started.',
    );
  }
  const address = url.replace(/\/+$/, '');
  const mailPort = smtpPort ? Number(smtpPort) : null;
  return {
    url: address,
    token: await logIn(address, { email, password }),
    mailPort,
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
  await chmod(folder, 0o711); // run by root, PostgreSQL is another user's
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
    let mailPort: number | null = null;
    for await (const line of createInterface(child.stdout)) {
      url ||= /running at (http:\/\/\S+)/.exec(line)?.[1] ?? '';
      mailPort ??= Number(/Email \(SMTP\) +port (\d+)/.exec(line)?.[1] ?? 0) || null;
      const setup = /\/setup\?token=(\S+)/.exec(line)?.[1];
      if (!setup) continue;
      child.stdout.resume();
      const email = 'admin@example.com';
      const password = randomBytes(12).toString('hex');
      await call(url, 'POST', '/v1/setup', { body: { token: setup, name: 'Ada', email, password } });
      return {
        url,
        token: await logIn(url, { email, password }),
        mailPort,
        standInUrl: standIns.graphUrl,
        smtpStandInPort: standIns.smtpPort,
        databaseUrl: database.url,
        email,
        password,
        stop,
      };
    }
    throw new Error('The server ended before it was ready.');
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An access token for a person. */
export async function logIn(
  url: string,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<string> {
  return (await call(url, 'POST', '/v1/agents/login', { body: { email, password } })).accessToken;
}
