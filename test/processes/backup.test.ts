import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type WebSocketConstructor } from '@mevrik/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { findEmbedded } from '../../packages/server/src/db/embedded.ts';
import { openingHours } from '../support/bot-replies.ts';
import { digestTables } from '../support/digest-tables.ts';
import {
  app,
  appEnv,
  cleanUp,
  emptyDatabase,
  history,
  logIn,
  mevrik,
  migratedDataDir,
  postgresOf,
  type RunningServer,
  resumeVisit,
  run,
  setUp,
  startServer,
  stop,
  temporaryDataDir,
  visit,
} from '../support/server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mevrik-backups-'));
});
afterEach(async () => {
  await cleanUp();
  await rm(folder, { recursive: true });
});

/** Work on the embedded database of a running server. */
async function onDatabase<Result>(
  dataDir: string,
  work: (sql: ReturnType<typeof openDatabase>['sql']) => Promise<Result>,
): Promise<Result> {
  const log = { info() {}, warn: (message: string) => console.warn(message) };
  const connection = await findEmbedded({ dataDir, log });
  if (!connection) throw new Error(`No PostgreSQL runs in ${dataDir}.`);
  const database = openDatabase(connection, { maxConnections: 1, applicationName: 'test' });
  try {
    return await work(database.sql);
  } finally {
    await database.close();
  }
}

/** Waits until every listener has handled every event. */
function idle(dataDir: string) {
  return onDatabase(dataDir, (sql) =>
    expect
      .poll(() => sql`SELECT FROM checkpoints JOIN log_partitions USING (partition) WHERE "offset" < head`)
      .toHaveLength(0),
  );
}

async function upload(server: RunningServer, token: string, content: string) {
  const response = await fetch(`${server.url}/v1/attachments?name=note.txt`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
    body: content,
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { fileId: string }).fileId;
}

/** What a visitor reads in the attachments of their conversation. */
async function attachmentsOf(server: RunningServer, token: string) {
  const { body } = await server.call('GET', '/v1/messages?limit=100', { token });
  const items = body.items as { content: { attachments?: { url: string }[] } }[];
  const urls = items.flatMap(({ content }) => content.attachments ?? []).map(({ url }) => new URL(url));
  return Promise.all(
    urls.map(async ({ pathname, search }) => (await fetch(`${server.url}${pathname}${search}`)).text()),
  );
}

it('a killed installation goes on from its backup: data, log-ins, files and live updates', async () => {
  const dataDir = await migratedDataDir();
  const server = await startServer({ DATA_DIR: dataDir, ...appEnv });
  await setUp(server);
  const visitor = await visit(server);
  let { token } = visitor;
  const write = (to: RunningServer, body: object) => to.call('POST', '/v1/messages', { token, body });
  expect((await write(server, { text: 'opening hours' })).status).toBe(201);
  const fileId = await upload(server, token, 'from my lawyer');
  expect((await write(server, { attachments: [{ fileId }] })).status).toBe(201);
  await idle(dataDir);
  const said = await history(server, token);
  const before = await onDatabase(dataDir, digestTables);

  const backup = join(folder, 'monday');
  expect(await mevrik({ DATA_DIR: dataDir }, 'backup', backup)).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^Backed up [\d,]+ rows and 1 attachment \(\d+ KiB\) to /),
  });
  // What came later is lost with the machine; the position of this client, too.
  expect((await write(server, { text: 'after the backup' })).status).toBe(201);
  await stop(server, 'SIGKILL');

  const restored = await temporaryDataDir();
  expect(await mevrik({ DATA_DIR: restored }, 'restore', backup)).toMatchObject({ code: 0 });
  expect(postgresOf(restored)).toBeUndefined();
  const second = await startServer({ DATA_DIR: restored, ...appEnv });
  const after = await onDatabase(restored, digestTables);
  const changing = [
    'agents',
    'audit_entries',
    'checkpoints',
    'health_changes',
    'observed_periods',
    'statistics',
  ];
  const lasting = Object.keys(before).filter((name) => !changing.includes(name) && !name.startsWith('_'));
  expect(lasting.length).toBeGreaterThan(30);
  for (const name of lasting) expect([name, after[name]]).toEqual([name, before[name]]);

  // An access token is valid in one epoch of the log; the visitor's page renews it.
  expect((await write(second, { text: 'too early' })).status).toBe(401);
  token = (await resumeVisit(second, visitor)).token;
  expect(await history(second, token)).toEqual(said);
  expect(await attachmentsOf(second, token)).toEqual(['from my lawyer']);
  const admin = await logIn(second);
  const audited = await second.call('GET', '/v1/admin/audit', { token: admin });
  expect(audited.body.items.map(({ action }: { action: string }) => action)).toContain('database.restore');
  const page = createClient({
    url: second.url,
    appKey: app.key,
    token,
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  });
  const live: (string | undefined)[] = [];
  const subscription = page.subscribe(`session${visitor.sessionId}`);
  subscription.on('message_post', ({ message }) => live.push(message.content.text));
  await subscription.ready();
  expect((await write(second, { text: 'go on' })).status).toBe(201);
  await expect.poll(() => live).toEqual(['go on']);
  page.disconnect();
  const newcomer = await visit(second);
  await second.call('POST', '/v1/messages', { token: newcomer.token, body: { text: 'opening hours' } });
  const replies = async () => (await history(second, newcomer.token)).map(({ text }) => text);
  await expect.poll(replies).toContainEqual(expect.stringContaining(openingHours));
});

it('a backup that is written while customers write holds one instant, and every message is answered once', async () => {
  const dataDir = await migratedDataDir();
  const server = await startServer({ DATA_DIR: dataDir, ...appEnv });
  const visitors = await Promise.all(Array.from({ length: 8 }, () => visit(server)));
  let accepted = 0;
  let isWriting = true;
  const writers = visitors.map(async ({ token }) => {
    while (isWriting) {
      const { status } = await server.call('POST', '/v1/messages', {
        token,
        body: { text: 'opening hours' },
      });
      if (status === 201) accepted += 1;
    }
  });
  await expect.poll(() => accepted).toBeGreaterThan(40);
  const least = accepted;
  const backup = join(folder, 'busy');
  expect((await mevrik({ DATA_DIR: dataDir }, 'backup', backup)).code).toBe(0);
  isWriting = false;
  await Promise.all(writers);
  await stop(server, 'SIGKILL');

  const external = await emptyDatabase();
  expect((await mevrik({ DATABASE_URL: external.url }, 'restore', backup)).code).toBe(0);
  const { sql } = external;
  const gaps = await sql`
    SELECT FROM log_partitions LEFT JOIN events USING (partition) GROUP BY partition, head
    HAVING count(events."offset") <> head OR coalesce(max(events."offset"), 0) <> head`;
  expect(gaps).toHaveLength(0);
  const count = async (sender: string) => {
    const [row] = await sql<{ number: number }[]>`
      SELECT count(*)::int AS number FROM messages
      WHERE sender_type = ${sender} AND (sender_type = 'customer' OR content->>'text' LIKE ${`${openingHours}%`})`;
    return row?.number ?? 0;
  };
  const written = await count('customer');
  expect(written).toBeGreaterThanOrEqual(least);
  await startServer({ DATABASE_URL: external.url, ...appEnv });
  await expect.poll(() => count('bot')).toBe(written);
  const behind = () =>
    sql`SELECT FROM checkpoints JOIN log_partitions USING (partition) WHERE "offset" < head`;
  await expect.poll(behind).toHaveLength(0);
  expect(await count('bot')).toBe(written);
});

it('without a server, a backup starts and stops the database; a restore never replaces data', async () => {
  const dataDir = await migratedDataDir();
  await stop(await startServer({ DATA_DIR: dataDir, ...appEnv }));
  const backup = join(folder, 'cold');
  expect((await mevrik({ DATA_DIR: dataDir }, 'backup', backup)).code).toBe(0);
  expect(postgresOf(dataDir)).toBeUndefined();
  expect(await mevrik({ DATA_DIR: dataDir }, 'backup', backup)).toEqual({
    code: 1,
    said: `${backup} is not empty. Name a directory that does not exist yet.`,
  });
  expect(await mevrik({ DATA_DIR: dataDir }, 'restore', backup)).toMatchObject({
    code: 1,
    said: expect.stringMatching(/^This database is in use: .* Set DATA_DIR to a new directory/),
  });
  expect(await mevrik({ DATA_DIR: join(folder, 'none') }, 'backup')).toEqual({
    code: 1,
    said: `There is no database in ${join(folder, 'none')}. Set DATA_DIR or DATABASE_URL.`,
  });
  expect((await mevrik({}, 'restore')).said).toBe(
    'Missing directory of the backup. Usage: mevrik restore <directory>',
  );

  const running = await startServer({ DATA_DIR: dataDir, ...appEnv });
  const refused = await mevrik({ DATA_DIR: dataDir }, 'restore', backup);
  expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('is in use by process') });
  expect((await running.call('GET', '/readyz')).status).toBe(200);
});

it('an interrupted backup leaves neither a directory nor a running database', async () => {
  const dataDir = await migratedDataDir();
  const server = await startServer({ DATA_DIR: dataDir, ...appEnv });
  await onDatabase(dataDir, (sql) =>
    sql.begin(async (tx) => {
      // The backup waits for it in the middle of its work.
      await tx`LOCK TABLE messages`;
      const program = run('cli', { DATA_DIR: dataDir }, ['backup', join(folder, 'half')]);
      const waiting = () =>
        onDatabase(
          dataDir,
          (other) => other`
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'COPY%messages%' AND wait_event_type = 'Lock'`,
        );
      await expect.poll(waiting).toHaveLength(1);
      program.child.kill('SIGINT');
      expect((await program.ended).code).toBe(1);
      expect(program.said().trim()).toBe('Interrupted.');
    }),
  );
  expect(await readdir(folder)).toEqual([]);
  expect((await server.call('GET', '/readyz')).status).toBe(200);
});
