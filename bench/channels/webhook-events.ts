// Sends a provider’s webhook events: a thousand in one request, then one per request. Prints one line of JSON.
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { signWebhook, startGraphStandIn } from '@mevrik/stand-ins';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { connectionUrl } from '../../packages/server/src/db/embedded.ts';
import { startOwnDatabase } from '../own-database.ts';
import { dataFolder, startServer } from '../own-server.ts';

/** The maximum that Meta sends in one body. */
const eventCount = 1_000;
/** Concurrent requests with one event each. */
const writers = 32;
/** A round that takes longer has failed. */
const timeoutMs = 120_000;
const rounds = Number(process.argv[2] ?? 5);
const page = {
  pageId: '900',
  appSecret: 'a-secret-for-measuring',
  verifyToken: 'measure-me',
  pageToken: 'a-token-for-measuring',
};
const batchSizes = { together: eventCount, singly: 1 } as const;

const own = await startOwnDatabase();
const folder = await dataFolder();
// A queued customer gets a reply and a request for their name; without a provider these would never finish.
const graph = await startGraphStandIn();
const server = await startServer({
  DATABASE_URL: connectionUrl(own.connection),
  DATA_DIR: folder.path,
  RATE_LIMIT: '1000000',
  LOG_LEVEL: 'error',
  GRAPH_API_URL: graph.url,
  PUSHER_APP_ID: '1',
  PUSHER_APP_KEY: 'bench-app',
  PUSHER_APP_SECRET: 'bench-app-secret',
});
const database = openDatabase(own.connection, { maxConnections: 2, applicationName: 'bench' });
const agent = new Agent({ keepAlive: true, maxSockets: writers });
await database.sql`
  INSERT INTO channels (app_id, name, kind, settings) VALUES (1, 'page', 'facebook', ${JSON.stringify(page)}::jsonb)`;
// No replies: only receiving is measured.
await database.sql`UPDATE apps SET settings = '{"welcome": false}' WHERE id = 1`;
await database.sql`DELETE FROM routing_rules WHERE app_id = 1`;
await database.sql`
  INSERT INTO routing_rules (app_id, position, name, "when", action) VALUES (1, 0, 'all', 'true', 'queue')`;

const results = { together: [] as Round[], singly: [] as Round[] };
for (let number = 0; number <= rounds; number++) {
  for (const mode of ['together', 'singly'] as const) {
    const result = await play(`${number} ${mode}`, batchSizes[mode]);
    // The first round warms both up.
    if (number > 0) results[mode].push(result);
  }
}
console.log(
  JSON.stringify({
    eventCount,
    answer: median(results.together.map(({ acceptedMs }) => acceptedMs)),
    answerWorst: Math.max(...results.together.map(({ acceptedMs }) => acceptedMs)),
    together: ratesOf(results.together),
    singly: ratesOf(results.singly),
  }),
);
agent.destroy();
await database.close();
await server.stop();
await graph.stop();
await own.stop();
await folder.remove();

/** Milliseconds until all requests of a round were answered, and until all messages were stored. */
interface Round {
  readonly acceptedMs: number;
  readonly storedMs: number;
}

async function play(name: string, perBody: number): Promise<Round> {
  const bodies = Array.from({ length: eventCount / perBody }, (_, body) =>
    signWebhook(bodyOf(name, body * perBody, perBody), page.appSecret),
  );
  const before = await countMessages();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(writers, bodies.length) }, async () => {
      for (let body = bodies.pop(); body; body = bodies.pop()) await post(body);
    }),
  );
  const acceptedMs = performance.now() - begun;
  while ((await countMessages()) < before + eventCount) {
    if (performance.now() - begun > timeoutMs) throw new Error(`Messages are missing in round ${name}.`);
    await delay(5);
  }
  const storedMs = performance.now() - begun;
  await waitUntilIdle();
  return { acceptedMs, storedMs };
}

function bodyOf(name: string, from: number, count: number) {
  const messaging = Array.from({ length: count }, (_, at) => ({
    sender: { id: `${name} ${from + at}` },
    recipient: { id: page.pageId },
    timestamp: Date.now(),
    message: { mid: `m ${name} ${from + at}`, text: `Do you have it in blue, in size ${from + at}?` },
  }));
  return { object: 'page', entry: [{ id: page.pageId, time: Date.now(), messaging }] };
}

function post({ body, headers }: ReturnType<typeof signWebhook>): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${server.url}/webhooks/facebook/bench-app/page`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        response.resume().once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`The server answered ${response.statusCode}.`));
        });
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

async function countMessages(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM messages WHERE NOT is_reply`;
  return row?.count ?? 0;
}

/** Waits until all work that a round started is done. */
async function waitUntilIdle(): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < timeoutMs; ) {
    const [row] = await database.sql<{ busy: boolean }[]>`
      SELECT EXISTS (SELECT FROM deliveries WHERE status IN ('queued', 'sending'))
          OR EXISTS (SELECT FROM checkpoints JOIN log_partitions USING (partition) WHERE "offset" < head) AS busy`;
    if (!row?.busy) return;
    await delay(50);
  }
  throw new Error('The work that a round started did not finish.');
}

function ratesOf(all: readonly Round[]) {
  return {
    accepted: (eventCount / median(all.map(({ acceptedMs }) => acceptedMs))) * 1_000,
    stored: (eventCount / median(all.map(({ storedMs }) => storedMs))) * 1_000,
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
