import { createHmac, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Customer, Message, QueueItem, Session } from '@mevrik/protocol';
import { expect } from 'vitest';
import { createAppDirectory, requireApp } from '../../packages/server/src/apps/app-directory.ts';
import { createDiskStore } from '../../packages/server/src/attachments/disk-store.ts';
import { createFileAddresses } from '../../packages/server/src/attachments/file-address.ts';
import { createFiles } from '../../packages/server/src/attachments/files.ts';
import type { AuditEntry } from '../../packages/server/src/audit/audit.ts';
import { createAccessTokens } from '../../packages/server/src/auth/access-tokens.ts';
import { createAuthenticator } from '../../packages/server/src/auth/authenticate.ts';
import { hashPassword } from '../../packages/server/src/auth/passwords.ts';
import { createChannelRegistry } from '../../packages/server/src/channels/registry.ts';
import { type RegisteredApp, registerApp } from '../../packages/server/src/commands/register-app.ts';
import { requestAgent } from '../../packages/server/src/commands/request-agent.ts';
import { type Database, openDatabase } from '../../packages/server/src/db/database.ts';
import type { HttpConfig, HttpDeps } from '../../packages/server/src/http/http-deps.ts';
import { addRoutes, createApi } from '../../packages/server/src/http/server.ts';
import type { Notice } from '../../packages/server/src/live/notice.ts';
import { createUnitOfWork } from '../../packages/server/src/log/unit-of-work.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { lockSession } from '../../packages/server/src/state/sessions.ts';
import { sampleAdapters } from './channel-samples.ts';
import { createTestDatabase } from './database.ts';

/** The key that signs access tokens in tests, so that a test can forge one. */
export const tokenKey = new TextEncoder().encode('a key of thirty-two bytes, or more');
export const password = 'correct horse battery';
/** Hashing is slow on purpose, so all agents share one hash. */
let passwordHash: Promise<string> | undefined;

/** A response with its JSON parsed; otherwise `body` is the text. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A request: `body` is sent as JSON, a string unchanged. */
export interface Ask {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** The response to starting a visit. */
export interface Visit {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly customer: Customer;
  readonly session: Session;
  readonly resumed: boolean;
}

/** A complete HTTP server with its own database and two apps. Nothing dispatches: events stay in the log. */
export type TestHttp = Awaited<ReturnType<typeof startHttp>>;

interface TestHttpOptions extends Partial<HttpConfig> {
  /** The lag that the back-pressure sees. */
  readonly lag?: () => number;
  readonly routes?: HttpDeps['routes'];
}

/** Starts a server. */
export async function startHttp(options: TestHttpOptions = {}) {
  const testDatabase = await createTestDatabase();
  const database = openDatabase(testDatabase.connection, { maxConnections: 6, applicationName: 'test http' });
  const closeDatabase = async () => {
    await database.close();
    await testDatabase.drop();
  };
  const audited: AuditEntry[] = [];
  const published: Notice[] = [];
  const deps = httpDeps(database, options, { audited, published });
  const server = createApi(deps);
  await addRoutes(server, deps).catch(async (error: unknown) => {
    await closeDatabase();
    throw error;
  });
  const { unitOfWork, apps, channels, authenticator, accessTokens } = deps;
  const acme = await unitOfWork.run((tx) => registerApp(tx, { name: 'Acme', key: 'acme-key' }, channels));
  const rival = await unitOfWork.run((tx) => registerApp(tx, { name: 'Rival', key: 'rival-key' }, channels));
  await server.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const ask = callerOf(url);
  return {
    url,
    server,
    database,
    unitOfWork,
    apps,
    authenticator,
    accessTokens,
    audited,
    published,
    acme,
    rival,
    ask,
    get: <Body>(path: string, token?: string) => ask<Body>('GET', path, { token }),
    post: <Body>(path: string, body: unknown, token?: string, headers: Record<string, string> = {}) =>
      ask<Body>('POST', path, { body, token, headers }),
    ...participants({ ask, database, acme }),
    ...storedState(database),

    /** Hands a visitor's session over, as the bot would. */
    async handOver({ session }: Visit): Promise<QueueItem> {
      const app = await requireApp(apps, session.appId);
      await unitOfWork.run(async (tx) =>
        requestAgent(tx, { app, session: await lockSession(tx, session.id), reason: 'handover' }),
      );
      const [item] = await database.sql<QueueItem[]>`
        SELECT id, case_id AS "caseId" FROM queue_items WHERE session_id = ${session.id} ORDER BY id DESC`;
      if (!item) throw new Error('Nothing is in the queue.');
      return item;
    },

    async stop(): Promise<void> {
      await server.close();
      await closeDatabase();
    },
  };
}

/** The dependencies of a server that dispatches nothing and records what it audits and publishes. */
function httpDeps(
  database: Database,
  { lag = () => 0, routes = [], ...config }: TestHttpOptions,
  { audited, published }: { audited: AuditEntry[]; published: Notice[] },
): HttpDeps {
  const unitOfWork = createUnitOfWork(
    database,
    async () => {},
    () => {},
  );
  const accessTokens = createAccessTokens(tokenKey, { customerSeconds: 3600, agentSeconds: 900 });
  const apps = createAppDirectory(database);
  const authenticator = createAuthenticator(database.sql, accessTokens);
  const fileAddresses = createFileAddresses({
    key: Buffer.from(tokenKey),
    baseUrl: () => 'http://localhost',
    validSeconds: 3600,
  });
  return {
    config: {
      bodyLimitBytes: 1_048_576,
      trustProxy: false,
      rateLimitPerMinute: 100_000,
      lagLimit: 100,
      corsOrigins: '*',
      publicUrl: null,
      ...config,
    },
    database,
    deskReads: database,
    unitOfWork,
    apps,
    channels: createChannelRegistry(sampleAdapters().adapters),
    authenticator,
    accessTokens,
    files: createFiles({
      sql: database.sql,
      apps,
      store: createDiskStore(join(tmpdir(), `mevrik-files-${randomUUID()}`)),
      addresses: fileAddresses,
      maxBytes: 1_048_576,
    }),
    fileAddresses,
    notify: (notices) => void published.push(...notices),
    queueNotifier: { agentChanged() {}, availabilityChanged() {} },
    lag,
    isDiskLow: () => false,
    audit: (entry) => audited.push(entry),
    log: createLog('silent', false),
    routes,
  };
}

type Caller = ReturnType<typeof callerOf>;

/** Calls the API at a URL. */
function callerOf(url: string) {
  return async function ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    { body, token, headers = {} }: Ask = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
}

/** Visitors and agents of a server. */
function participants({
  ask,
  database,
  acme,
}: {
  readonly ask: Caller;
  readonly database: Database;
  readonly acme: RegisteredApp;
}) {
  return {
    /** Starts a visit of a new visitor; with `externalId`, of one whose identity the app verifies. */
    async visit(app: RegisteredApp = acme, externalId?: string): Promise<Visit> {
      const identity = externalId && { externalId, signature: sign(externalId, app.secret) };
      const answer = await ask<Visit>('POST', '/v1/visitors', {
        body: { appKey: app.key, ...(identity ? { identity } : {}) },
      });
      if (answer.status !== 201) throw new Error(`No visit: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },

    /** Creates an agent and logs them in. */
    async staff(
      name: string,
      role: 'agent' | 'supervisor' | 'admin' = 'agent',
      worksFor: readonly RegisteredApp[] = [acme],
    ): Promise<{ id: number; accessToken: string; refreshToken: string }> {
      const email = `${name}@desk.example`;
      passwordHash ??= hashPassword(password);
      const [row] = await database.sql<{ id: number }[]>`
        INSERT INTO agents (email, name, role, password_hash)
        VALUES (${email}, ${name}, ${role}, ${await passwordHash}) RETURNING id`;
      const id = row?.id ?? 0;
      for (const app of worksFor) await database.sql`INSERT INTO agent_apps VALUES (${id}, ${app.id})`;
      const { status, body } = await ask<{ accessToken: string; refreshToken: string }>(
        'POST',
        '/v1/agents/login',
        { body: { email, password } },
      );
      if (status !== 200) throw new Error(`No login: ${JSON.stringify(body)}`);
      return { id, ...body };
    },
  };
}

/** What a database contains. */
function storedState(database: Database) {
  return {
    /** The content of each table: the number of its rows, and a hash of them. */
    async state(): Promise<Record<string, string>> {
      const { sql } = database;
      const tables = await sql<{ name: string }[]>`
        SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`;
      const states = tables.map(async ({ name }) => {
        const [row] = await sql.unsafe<{ state: string }>(`
          SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS state
          FROM "${name}" AS t`);
        return [name, row?.state ?? ''] as const;
      });
      return Object.fromEntries(await Promise.all(states));
    },

    /** The events of a conversation, oldest first. */
    async events(conversationKey: string): Promise<string[]> {
      const rows = await database.sql<{ type: string }[]>`
        SELECT type FROM events WHERE key = ${conversationKey} ORDER BY partition, "offset"`;
      return rows.map(({ type }) => type);
    },
  };
}

/** The signature with which an app's back end verifies a customer. */
export function sign(externalId: string, secret: string): string {
  return createHmac('sha256', secret).update(externalId).digest('hex');
}

/** The response to a written message. */
export interface Stored {
  readonly message: Message;
  readonly session: Session;
}

/** A page of a list. */
export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Sends a request, and expects this error and that nothing was stored. */
export async function expectRejected(
  http: TestHttp,
  { method, path, ask }: { readonly method: string; readonly path: string; readonly ask: Ask },
  error: { readonly status: number; readonly code: string },
) {
  const before = await http.state();
  const answer = await http.ask(method, path, ask);
  expect({ status: answer.status, code: answer.body.code }).toEqual(error);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({
    type: `/problems/${error.code}`,
    title: expect.any(String),
    detail: expect.stringMatching(/\w/),
  });
  expect(await http.state()).toEqual(before);
  return answer;
}

/** The header of a back end that authenticates as an app. */
export function basic(key: string, secret: string): string {
  return `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`;
}
