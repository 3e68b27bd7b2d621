/**
 * `npm run bench:archive`: appends events with and without the index by app, then archives them, deletes them from the
 * log, and loads a file back. Writes results.md. The database is the embedded one.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSegment } from '../../packages/server/src/archive/load-segment.ts';
import { removeEvents } from '../../packages/server/src/archive/remove-events.ts';
import { readRetention } from '../../packages/server/src/archive/retention.ts';
import { type ArchiveDeps, writeSegment } from '../../packages/server/src/archive/write-segment.ts';
import { createDiskStore } from '../../packages/server/src/attachments/disk-store.ts';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import type { Sql } from '../../packages/server/src/db/sql.ts';
import { startOwnDatabase } from '../own-database.ts';

const eventsPerRound = 20_000;
const rounds = 3;
const eventsPerSet = 50;
const dayMs = 86_400_000;
/** The events of a round are a millisecond apart. */
const roundMs = eventsPerRound;
const none = new AbortController().signal;

const own = await startOwnDatabase();
const folder = await mkdtemp(join(tmpdir(), 'mevrik-bench-archive-'));
const database = openDatabase(own.connection, { maxConnections: 1, applicationName: 'bench' });
const { sql } = database;
try {
  await sql`INSERT INTO apps (id, key, secret, name) VALUES (1, 'bench', 'a secret', 'Bench')`;
  const indexed: number[] = [];
  const unindexed: number[] = [];
  const day = Math.floor(Date.now() / dayMs) * dayMs - 40 * dayMs;
  for (let round = 0; round < rounds; round++) {
    await sql`CREATE INDEX IF NOT EXISTS events_by_app ON events (app_id, id)`;
    indexed.push(await timed(() => append(sql, day + 2 * round * roundMs)));
    await sql`DROP INDEX events_by_app`;
    unindexed.push(await timed(() => append(sql, day + (2 * round + 1) * roundMs)));
  }
  await sql`CREATE INDEX events_by_app ON events (app_id, id)`;
  await handle(sql);
  await sql`VACUUM ANALYZE events, handled_batches`;

  const deps: ArchiveDeps = { sql, store: createDiskStore(folder) };
  const [app] = await readRetention(sql, { logDays: 30, archiveDays: 730, conversationDays: 0 }, Date.now());
  if (!app) throw new Error('There is no app.');
  const events = await count(sql);
  const writing = await timed(async () => {
    while (await writeSegment(deps, app));
  });
  const removing = await timed(() =>
    removeEvents(sql, { appId: 1, upTo: app.logBefore, unlessAfter: app.logBefore, listeners: [] }, none),
  );
  if ((await count(sql)) !== 0) throw new Error('Some events were not removed.');
  const vacuuming = await timed(() => sql`VACUUM events`);
  const [file] = await sql<{ id: number; events: number; bytes: number }[]>`
    UPDATE event_segments SET status = 'loading', loaded_until = now() + interval '1 day'
    WHERE id = (SELECT min(id) FROM event_segments) RETURNING id, events, bytes`;
  if (!file) throw new Error('Nothing was archived.');
  const loading = await timed(() => loadSegment(deps, file.id));
  if ((await count(sql)) !== file.events) throw new Error('Some events were not loaded.');

  const [withIndex, without] = [Math.min(...indexed), Math.min(...unindexed)];
  const text = report([
    ['append an event, with the index by app', perEvent(withIndex, eventsPerRound)],
    ['append an event, without it', perEvent(without, eventsPerRound)],
    ['archive an event: read, compress, store, read back', perEvent(writing, events)],
    ['delete an archived event from the log', perEvent(removing, events)],
    ['vacuum, for each deleted event', perEvent(vacuuming, events)],
    ['load an event back', perEvent(loading, file.events)],
    ['size of an archived event', `${Math.round(file.bytes / file.events)} bytes`],
  ]);
  await writeFile(fileURLToPath(new URL('./results.md', import.meta.url)), text);
  console.log(text);
} finally {
  await database.close();
  await own.stop();
  await rm(folder, { recursive: true });
}

/** Appends events in sets, each with the size and the shape of a customer's message. */
async function append(sql: Sql, startMs: number): Promise<void> {
  for (let first = 0; first < eventsPerRound; first += eventsPerSet) {
    const set = Array.from({ length: eventsPerSet }, (_, number) => eventOf(startMs, first + number));
    await sql`SELECT FROM append_events(${JSON.stringify(set)}::jsonb)`;
  }
}

/** Records that three listeners have handled every event, alone: the most that there is to archive. */
async function handle(sql: Sql): Promise<void> {
  await sql`
    INSERT INTO subscriptions (name, events)
    SELECT 'Listener' || number, ARRAY['MessageReadyEvent'] FROM generate_series(1, 3) AS number`;
  await sql`
    INSERT INTO handled_batches (partition, subscription, last_offset, node, started_at, finished_at, offsets, durations_us)
    SELECT partition, name, "offset", '00000000-0000-4000-8000-000000000001', occurred_at, occurred_at,
           ARRAY["offset"], ARRAY[1000] FROM events CROSS JOIN subscriptions`;
}

function eventOf(startMs: number, number: number) {
  const time = (startMs + number).toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(number).padStart(12, '0')}`;
  const session = Math.floor(number / 8);
  const text = `A customer asks about order ${number * 7_919}, delivered to ${number % 97} Long Street on day ${number % 31}.`;
  const message = {
    id: number,
    appId: 1,
    sessionId: session,
    kind: 'text',
    sender: { type: 'customer' },
    content: { text },
  };
  return {
    id,
    type: 'MessageReadyEvent',
    version: 1,
    key: `1/web:${session}`,
    partition: session % 64,
    appId: 1,
    sessionId: session,
    occurredAt: new Date(startMs + number).toISOString(),
    correlationId: id,
    causationId: null,
    traceparent: null,
    socketId: null,
    data: { message, customer: { id: session, name: `Customer ${session}` } },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function count(sql: Sql): Promise<number> {
  const [row] = await sql<{ events: number }[]>`SELECT count(*)::int AS events FROM events`;
  return row?.events ?? 0;
}

function perEvent(ms: number, events: number): string {
  return `${Math.round((ms * 1000) / events)} µs`;
}

function report(rows: readonly (readonly [string, string])[]): string {
  const about = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`;
  const total = eventsPerRound * rounds * 2;
  return `# The archive of the event log

${about}. ${total.toLocaleString('en')} events, appended in sets of ${eventsPerSet}; each handled by three listeners; one connection, the embedded PostgreSQL, \`npm run bench:archive\`.

| step | cost |
|---|---|
${rows.map(([step, cost]) => `| ${step} | ${cost} |`).join('\n')}
`;
}
