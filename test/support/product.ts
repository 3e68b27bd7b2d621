import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../packages/server/src/auth/passwords.ts';
import { type CreateAdapters, channelAdapters } from '../../packages/server/src/compose/channels.ts';
import { type Product, startProduct } from '../../packages/server/src/compose/product.ts';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { type Database, openDatabase } from '../../packages/server/src/db/database.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { createTestDatabase } from './database.ts';

/** A response of the API with its body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** The product with its own database, and helpers for tests. */
export interface TestProduct extends Product {
  readonly database: Database;
  /** For another node on the same database. */
  readonly databaseUrl: string;
  /** The directory where it keeps files. */
  readonly dataDir: string;
  readonly app: { readonly id: number; readonly key: string; readonly secret: string };
  /** Calls the API; `token` is an access token. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Starts a visit. */
  visit(body?: Record<string, unknown>): Promise<Visitor>;
  /** Creates an agent and logs them in. */
  employ(person?: Partial<Employee>): Promise<LoggedIn>;
}

/** Options of a call. */
export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Starts a node on a database, which can be that of a product. */
export function startSecondNode(
  { databaseUrl, dataDir }: Pick<TestProduct, 'databaseUrl' | 'dataDir'>,
  env: Record<string, string> = {},
): Promise<Product> {
  const storage = { DATABASE_URL: databaseUrl, DATA_DIR: dataDir };
  const config = loadConfig({ ...storage, PORT: '0', LOG_LEVEL: 'silent', ...env });
  return startProduct(config, createLog(config.LOG_LEVEL, false));
}

interface Employee {
  readonly role: 'agent' | 'supervisor' | 'admin';
  readonly name: string;
  readonly skills: readonly string[];
  readonly capacity: number;
  readonly appIds: readonly number[];
}

/** A logged-in agent. */
export interface Employed {
  readonly id: number;
  readonly token: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** An agent, supervisor or administrator who is logged in. */
export interface LoggedIn extends Employed {
  /** What a browser stores of the login, for `openPage`. */
  readonly localStorage: { readonly name: string; readonly value: string }[];
}

/** A visitor with a session. */
export interface Visitor extends Employed {
  readonly sessionId: number;
  readonly refreshToken: string;
  write(text: string, idempotencyKey?: string): Promise<Answer>;
  /** The conversation as the visitor sees it, oldest first. */
  history(): Promise<readonly { text?: string; from: string; kind: string }[]>;
}

/** The password of each agent that `employ` creates. */
export const testPassword = 'correct horse battery';
/** All agents share one hash of one password: hashing is slow on purpose. */
let passwordHash: Promise<string> | undefined;

/** Starts the product with its own database; `env` is its environment, `createAdapters` makes its kinds of channel. */
export async function startTestProduct(
  env: Record<string, string> = {},
  createAdapters: CreateAdapters = channelAdapters,
): Promise<TestProduct> {
  const testDatabase = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'mevrik-data-'));
  const app = { id: 1, key: 'test-app', secret: 'test-app-secret' };
  const config = loadConfig({
    DATABASE_URL: testDatabase.url,
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: process.env.TEST_LOG ?? 'silent',
    RATE_LIMIT: '100000',
    // Each of them looks for deliveries when the product starts, and tests start hundreds.
    DELIVERY_CONCURRENCY: '4',
    PUSHER_APP_ID: String(app.id),
    PUSHER_APP_KEY: app.key,
    PUSHER_APP_SECRET: app.secret,
    ...env,
  });
  const product = await startProduct(config, createLog(config.LOG_LEVEL, false), undefined, createAdapters);
  const database = openDatabase(testDatabase.connection, { maxConnections: 2, applicationName: 'test' });

  const call = callerOf(product.url);
  return {
    ...product,
    database,
    databaseUrl: testDatabase.url,
    dataDir,
    app,
    call,
    visit: (body) => visit(call, { appKey: app.key, ...body }),
    employ: (person) => employ(call, database, { appIds: [app.id], ...person }),
    async stop() {
      await database.close();
      await product.stop();
      await testDatabase.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Calls the API of a product. */
export function callerOf(url: string): TestProduct['call'] {
  return async (method, path, options = {}) => {
    const { token, body, headers = {} } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
}

/** A caller's requests with its access token. */
function withToken(call: TestProduct['call'], id: number, token: string): Employed {
  return {
    id,
    token,
    call: (method, path, body, headers) =>
      call(method, path, { token, body, ...(headers ? { headers } : {}) }),
  };
}

async function visit(call: TestProduct['call'], body: Record<string, unknown>): Promise<Visitor> {
  const { status, body: made } = await call('POST', '/v1/visitors', { body });
  if (status !== 201) throw new Error(`The visit did not begin: ${JSON.stringify(made)}`);
  const visitor = withToken(call, made.customer.id, made.accessToken);
  return {
    ...visitor,
    sessionId: made.session.id,
    refreshToken: made.refreshToken,
    write: (text, key) =>
      visitor.call('POST', '/v1/messages', { text }, key ? { 'idempotency-key': key } : {}),
    async history() {
      const answer = await visitor.call('GET', '/v1/messages?limit=100');
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return answer.body.items
        .map((message: { content: { text?: string }; sender: { type: string }; kind: string }) => ({
          text: message.content.text,
          from: message.sender.type,
          kind: message.kind,
        }))
        .reverse();
    },
  };
}

async function employ(
  call: TestProduct['call'],
  database: Database,
  person: Partial<Employee>,
): Promise<LoggedIn> {
  const { role = 'agent', name = 'Alex', skills = [], capacity = 5, appIds = [] } = person;
  const email = `${randomUUID()}@example.com`;
  passwordHash ??= hashPassword(testPassword);
  const [row] = await database.sql<{ id: number }[]>`
    INSERT INTO agents (email, name, password_hash, role, skills, capacity)
    VALUES (${email}, ${name}, ${await passwordHash}, ${role}, ${JSON.stringify(skills)}::jsonb, ${capacity})
    RETURNING id`;
  const id = row?.id ?? 0;
  for (const appId of appIds) await database.sql`INSERT INTO agent_apps VALUES (${id}, ${appId})`;
  const login = await call('POST', '/v1/agents/login', { body: { email, password: testPassword } });
  if (login.status !== 200) throw new Error(`Login failed: ${JSON.stringify(login.body)}`);
  const { agent, ...tokens } = login.body;
  const value = JSON.stringify({ agent, tokens, savedAt: Date.now() });
  return {
    ...withToken(call, id, tokens.accessToken),
    localStorage: [{ name: 'mevrik.session', value }],
  };
}
