// Message in → stored → handled → broadcast: visitors write to a running server over HTTP and receive, over
// WebSocket, their message and the bot's reply. Each message raises two events. Prints one line of JSON.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { connectionUrl } from '../packages/server/src/db/embedded.ts';
import { startRedis } from '../test/support/redis.ts';
import { percentile } from './measure.ts';
import { startOwnDatabase } from './own-database.ts';
import { dataFolder, startServer } from './own-server.ts';

const visitors = Number(process.env.VISITORS ?? 128);
const seconds = Number(process.env.SECONDS ?? 10);
const app = { id: '1', key: 'bench-app', secret: 'bench-app-secret' };

// All visitors share one address, so the rate limit must not apply.
const settings = {
  RATE_LIMIT: '1000000',
  PUSHER_APP_ID: app.id,
  PUSHER_APP_KEY: app.key,
  PUSHER_APP_SECRET: app.secret,
};
const nodes = Number(process.env.NODES ?? 1);
const installation = nodes === 1 ? await startAlone() : await startTogether(nodes);
const agent = new Agent({ keepAlive: true, maxSockets: visitors });
const allVisitors = await Promise.all(Array.from({ length: visitors }, connectVisitor));
await maximumRate(3); // warms up
const idle = await paced(20, 5);
const full = await maximumRate(seconds);
const half = await paced(full.rate / 2, seconds);
console.log(
  JSON.stringify({
    messages: full.rate,
    events: full.rate * 2,
    full: timesOf(full.samples),
    half: timesOf(half.samples),
    idle: timesOf(idle.samples),
  }),
);
for (const { socket } of allVisitors) socket.terminate();
agent.destroy();
await installation.stop();

interface Sample {
  readonly receivedMs: number;
  readonly repliedMs: number;
}

/** Milliseconds from sending a message to receiving it, and to receiving the bot's reply. */
function timesOf(samples: readonly Sample[]) {
  const received = samples.map((one) => one.receivedMs);
  const replied = samples.map((one) => one.repliedMs);
  return {
    count: samples.length,
    receivedP50: percentile(received, 50),
    receivedP99: percentile(received, 99),
    repliedP50: percentile(replied, 50),
    repliedP99: percentile(replied, 99),
  };
}

/** Each visitor writes again as soon as the reply arrives. */
async function maximumRate(forSeconds: number) {
  const samples: Sample[] = [];
  const begun = performance.now();
  const until = begun + forSeconds * 1000;
  await Promise.all(
    allVisitors.map(async (visitor) => {
      while (performance.now() < until) samples.push(await visitor.write());
    }),
  );
  return { samples, rate: samples.length / ((performance.now() - begun) / 1000) };
}

/** Messages at a fixed rate, independent of earlier replies. Any free writer sends; latency counts from the due time. */
async function paced(rate: number, forSeconds: number) {
  const samples: Sample[] = [];
  const free = [...allVisitors];
  const writing: Promise<void>[] = [];
  const begun = performance.now();
  const total = Math.round(rate * forSeconds);
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate) + 1);
    while (sent < due) {
      const visitor = free.pop();
      if (!visitor) break;
      const dueAt = begun + (sent / rate) * 1000;
      sent++;
      const lateMs = performance.now() - dueAt;
      writing.push(
        visitor.write().then(({ receivedMs, repliedMs }) => {
          samples.push({ receivedMs: receivedMs + lateMs, repliedMs: repliedMs + lateMs });
          free.unshift(visitor);
        }),
      );
    }
    await delay(1);
  }
  await Promise.all(writing);
  return { samples, rate };
}

/** A visitor with a session, connected, who can write and wait for broadcasts. */
async function connectVisitor(_: unknown, number: number) {
  const url = installation.urls[number % installation.urls.length] as string;
  const visit = await call(url, '/v1/visitors', { appKey: app.key });
  const token = visit.accessToken as string;
  const topic = `private-session${visit.session.id}`;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/app/${app.key}?protocol=7`);
  let onFrame: (event: string) => void = () => {};
  const welcome = new Promise<string>((resolve, reject) => {
    socket.on('message', (raw: Buffer) => {
      const frame = JSON.parse(raw.toString());
      if (frame.event === 'pusher:connection_established') resolve(JSON.parse(frame.data).socket_id);
      else if (frame.event === 'pusher:error') reject(new Error(raw.toString()));
      else if (frame.event === 'pusher:ping') socket.send('{"event":"pusher:pong","data":{}}');
      else onFrame(frame.event);
    });
  });
  const socket_id = await welcome;
  const { auth } = await call(url, '/broadcasting/auth', { socket_id, channel_name: topic }, token);
  const subscribed = new Promise<void>((resolve) => {
    onFrame = (event) => event === 'pusher_internal:subscription_succeeded' && resolve();
  });
  socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: topic, auth } }));
  await subscribed;
  return {
    socket,
    async write(): Promise<Sample> {
      const begun = performance.now();
      let receivedMs = 0;
      const replied = new Promise<number>((resolve) => {
        onFrame = (event) => {
          if (event === 'message_post') receivedMs = performance.now() - begun;
          if (event === 'message_reply') resolve(performance.now() - begun);
        };
      });
      await call(url, '/v1/messages', { text: 'thanks' }, token);
      const repliedMs = await replied;
      return { receivedMs, repliedMs };
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: responses of several routes
async function call(url: string, path: string, body: object, token?: string): Promise<any> {
  const text = JSON.stringify(body);
  const sent = request(`${url}${path}`, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
  });
  sent.end(text);
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const responseText = Buffer.concat(chunks).toString();
  if (response.statusCode >= 300) throw new Error(`${path} returned ${response.statusCode}: ${responseText}`);
  return JSON.parse(responseText);
}

/** One server on its own embedded database, as with `npm start`. */
async function startAlone() {
  const folder = await dataFolder();
  const server = await startServer({ ...settings, DATA_DIR: folder.path });
  return {
    urls: [server.url],
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}

/** Several servers on one database and one Redis. */
async function startTogether(count: number) {
  const [database, redis] = await Promise.all([startOwnDatabase(), startRedis()]);
  const env = { ...settings, DATABASE_URL: connectionUrl(database.connection), REDIS_URL: redis.url };
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(env)));
  return {
    urls: servers.map(({ url }) => url),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all([database.stop(), redis.stop()]);
    },
  };
}
