/**
 * `npm run bench:large`: fills a database with 10 million events, 4 million messages and 1 million sessions, requests
 * what desk and panel request, leads conversations, and writes results.md with the times and every statement that took
 * too long. `SESSIONS=100000` fills a tenth; `KEEP=directory` keeps the database there, and uses it again. The database is
 * the embedded one; it takes 13 GB.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { createClient } from '@mevrik/client';
import pg from 'pg';
import { hashPassword } from '../../packages/server/src/auth/passwords.ts';
import { startProduct } from '../../packages/server/src/compose/product.ts';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { clientConfig } from '../../packages/server/src/db/database-target.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { startOwnDatabase } from '../own-database.ts';
import { dataFolder } from '../own-server.ts';
import { leadConversations } from './conversations.ts';
import { amountsOf, fill } from './fill.ts';
import { limitMs, report, type Timed } from './report.ts';
import { type Known, type ScreenRequest, screenRequests } from './requests.ts';
import { logSlowStatements, readSlowStatements } from './slow-statements.ts';
import { timesOf } from './times.ts';

const password = 'a long passphrase';
const amounts = amountsOf(Number(process.env.SESSIONS ?? 1_000_000));
const folder = await dataFolder();
const own = await startOwnDatabase(process.env.KEEP);
const start = () =>
  startProduct(
    loadConfig({
      DATABASE_URL: own.url,
      DATA_DIR: folder.path,
      PORT: '0',
      LOG_LEVEL: 'silent',
      RATE_LIMIT: '1000000',
      // What is measured is a log of ninety days.
      EVENT_RETENTION_DAYS: '0',
      PUSHER_APP_ID: '1',
      PUSHER_APP_KEY: 'bench',
      PUSHER_APP_SECRET: 'a-secret-for-the-bench',
    }),
    createLog('silent', false),
  );
const client = new pg.Client(clientConfig(own.connection, 'bench'));
await client.connect();
try {
  const isFilled =
    (await client.query("SELECT FROM agents WHERE email = 'admin@example.com'")).rowCount === 1;
  if (!isFilled) {
    // The first start creates the app and the checkpoints of the listeners.
    await (await start()).stop();
    await fill(client, amounts, (step) => console.log(new Date().toISOString().slice(11, 19), step));
    await addStaff();
  }
  await logSlowStatements(client, own.connection.database, limitMs);
  const product = await start();
  try {
    const tokens = {
      admin: await logIn(product.url, 'admin@example.com'),
      agent: await logIn(product.url, 'agent@example.com'),
    };
    const requests: Timed[] = [];
    for (const request of screenRequests(amounts, await findKnown())) {
      requests.push(await timeRequest(product.url, request, tokens[request.as]));
      console.log(JSON.stringify(requests.at(-1)));
    }
    const steps = await leadConversations(product.url, tokens.admin);
    for (const step of steps) console.log(JSON.stringify(step));
    const size = await client.query('SELECT pg_database_size(current_database())::float8 / 1e9 AS gigabytes');
    const about = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`;
    const slow = await readSlowStatements(own.dataDir);
    const text = report({ about, amounts, gigabytes: size.rows[0].gigabytes, requests, steps, slow });
    await writeFile(new URL('./results.md', import.meta.url), text);
  } finally {
    await product.stop();
  }
} finally {
  await client.end();
  await own.stop();
  await folder.remove();
}

/** Adds an administrator, and an agent of two apps. */
async function addStaff(): Promise<void> {
  const hash = await hashPassword(password);
  await client.query(
    `INSERT INTO agents (email, name, password_hash, role, availability)
     VALUES ('admin@example.com', 'Ada', $1, 'admin', 'offline'), ('agent@example.com', 'Kim', $1, 'agent', 'offline')`,
    [hash],
  );
  await client.query(
    `INSERT INTO agent_apps SELECT agents.id, apps.id FROM agents, apps WHERE email = 'agent@example.com' AND apps.id IN (2, 3)`,
  );
}

async function logIn(url: string, email: string): Promise<string> {
  return (await createClient({ url, appKey: 'bench' }).rest.desk.login({ email, password })).accessToken;
}

async function findKnown(): Promise<Known> {
  const { rows } = await client.query(
    `SELECT id AS "eventId", correlation_id AS "correlationId" FROM events
     WHERE session_id = $1 AND type = 'MessageReadyEvent' LIMIT 1`,
    [Math.floor(amounts.sessions / 2)],
  );
  return rows[0];
}

async function timeRequest(url: string, { name, path }: ScreenRequest, token: string): Promise<Timed> {
  const took: number[] = [];
  for (let round = 0; round < 7; round++) {
    const before = performance.now();
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const body = await response.text();
    if (!response.ok) throw new Error(`${path}: ${body}`);
    took.push(performance.now() - before);
  }
  return timesOf(name, took);
}
