import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Crowd } from './crowd.ts';
import { type Flow, measureFlow } from './flow.ts';
import type { Plan, Publishing } from './messages.ts';
import type { Peer, RunningServer } from './peers.ts';
import { Worker } from './worker.ts';

/** Results by name; latencies and times in milliseconds, memory in bytes. */
export type Statistics = Record<string, number>;

const warmUpMs = 500;
const measureMs = 1_500;
const fan: Plan = { spread: 'fan', over: 1 };
/** Channels with five subscribers each. */
const inFives = (connections: number): Plan => ({ spread: 'few', over: connections / 5 });
const triggerScript = fileURLToPath(new URL('./triggers/main.js', import.meta.url));

interface Stage {
  readonly server: RunningServer;
  readonly crowd: Crowd;
  /** Starts a process that publishes over HTTP. */
  readonly overHttp: () => Promise<Worker>;
}

/** Runs a scenario with its own server and clients. */
async function withStage<Result>(
  peer: Peer,
  act: (stage: Stage) => Promise<Result>,
  serverCores = 1,
): Promise<Result> {
  const [server, crowd] = await Promise.all([peer.start(), Crowd.start(serverCores)]);
  const others: Worker[] = [];
  const overHttp = async () => {
    const worker = new Worker([triggerScript, String(server.port)], [availableParallelism() - 1]);
    others.push(worker);
    await worker.next('listening');
    return worker;
  };
  try {
    return await act({ server, crowd, overHttp });
  } finally {
    await Promise.all([crowd.end(), server.worker.end(), ...others.map((worker) => worker.end())]);
  }
}

/** 1,000 subscribers of one channel: maximum rate, its cost, and latency at half that rate and at 40,000 deliveries per second. */
export function fanOut(peer: Peer): Promise<Statistics> {
  return withStage(peer, async ({ server, crowd, overHttp }) => {
    const subscribers = 1_000;
    const { port, worker } = server;
    const arrival = { port, dialect: peer.dialect, plans: [fan], sampleEvery: 37 };
    await crowd.connect({ ...arrival, count: subscribers });
    const statistics: Statistics = {};
    const flow = (publisher: Worker, burst: number, perSecond?: number) => {
      const how: Publishing = { channels: fan, burst, window: 200, ...(perSecond ? { perSecond } : {}) };
      return measureFlow({ server: worker, publisher, crowd, how, subscribers, warmUpMs, measureMs });
    };
    let best = 0;
    const take = (name: string, found: Flow) => {
      put(statistics, name, found);
      best = Math.max(best, found.deliveriesPerSecond);
    };
    const isInside = peer.triggers.includes('inside');
    if (isInside) {
      take('single', await flow(worker, 1));
      take('tens', await flow(worker, 10));
      take('hundreds', await flow(worker, 100));
    }
    const http = peer.triggers.includes('http') ? await overHttp() : undefined;
    if (http) take('http', await flow(http, 10));
    const publisher = isInside ? worker : http;
    if (!publisher) return statistics;
    putLatencies(statistics, 'half', await flow(publisher, 10, best / subscribers / 2));
    putLatencies(statistics, 'same', await flow(publisher, 10, 40));
    return statistics;
  });
}

/** 10,000 subscribers of one channel, and 2,000 channels with 5 subscribers each. */
export function manySubscribers(peer: Peer): Promise<Statistics> {
  return withStage(peer, async ({ server, crowd, overHttp }) => {
    const subscribers = 10_000;
    const plans = [fan, inFives(subscribers)];
    await crowd.connect({ port: server.port, dialect: peer.dialect, plans, count: subscribers });
    const isInside = peer.triggers.includes('inside');
    const publisher = isInside ? server.worker : await overHttp();
    const common = { server: server.worker, publisher, crowd, warmUpMs, measureMs };
    const statistics: Statistics = {};
    const fanned = { channels: fan, burst: 10, window: 40 };
    put(statistics, 'fan', await measureFlow({ ...common, how: fanned, subscribers }));
    const spread = { channels: inFives(subscribers), burst: isInside ? 1_000 : 10, window: 20_000 };
    put(statistics, 'small', await measureFlow({ ...common, how: spread, subscribers: 5 }));
    return statistics;
  });
}

/** Connecting as fast as the server accepts, each connection with a channel of its own. */
export function connectionRate(peer: Peer): Promise<Statistics> {
  return withStage(peer, async ({ server: { port, worker }, crowd }) => {
    const arrival = { port, dialect: peer.dialect, plans: [{ own: 'own', each: 1 }] };
    await crowd.connect({ ...arrival, count: 500 });
    const [cpu, clients] = [worker.cpuSeconds(), await crowd.count()];
    const count = 5_000;
    const seconds = await crowd.connect({ ...arrival, count });
    const after = await crowd.count();
    const clientSeconds = after.map((one, n) => (one.cpuUs - (clients[n]?.cpuUs ?? 0)) / 1e6);
    return {
      perSecond: count / seconds,
      cpuMsEach: ((worker.cpuSeconds() - cpu) / count) * 1e3,
      serverCores: (worker.cpuSeconds() - cpu) / seconds,
      clientCores: Math.max(...clientSeconds) / seconds,
    };
  });
}

/** Memory of idle connections, each subscribed to a channel of its own. */
export function idleMemory(peer: Peer): Promise<Statistics> {
  return withStage(peer, async ({ server: { port, worker }, crowd }) => {
    const arrival = { port, dialect: peer.dialect, plans: [{ own: 'own', each: 1 }], withinMs: 60_000 };
    // The first connections pay for one-time loading and compilation.
    await crowd.connect({ ...arrival, count: 200 });
    const empty = await settled(worker);
    await crowd.connect({ ...arrival, count: 10_000 });
    const some = await settled(worker);
    await crowd.connect({ ...arrival, count: 8_000 });
    const many = await settled(worker);
    const lost = (await crowd.count()).reduce((sum, one) => sum + one.lost, 0);
    return {
      emptyBytes: empty.resident,
      bytesEach10k: (some.resident - empty.resident) / 10_000,
      bytesEach18k: (many.resident - empty.resident) / 18_000,
      heapEach10k: (some.heapUsed - empty.heapUsed) / 10_000,
      externalEach10k: (some.external - empty.external) / 10_000,
      lost,
    };
  });
}

/** 1,000 connections with 100 channels each; no channel is shared. */
export function manyChannels(peer: Peer): Promise<Statistics> {
  return withStage(peer, async ({ server: { port, worker }, crowd }) => {
    const arrival = { port, dialect: peer.dialect, withinMs: 60_000 };
    await crowd.connect({ ...arrival, plans: [{ own: 'own', each: 1 }], count: 200 });
    const empty = await settled(worker);
    const cpu = worker.cpuSeconds();
    const seconds = await crowd.connect({ ...arrival, plans: [{ own: 'a', each: 100 }], count: 1_000 });
    const cpuSeconds = worker.cpuSeconds() - cpu;
    const { resident } = await settled(worker);
    return { seconds, cpuSeconds, bytesEach: (resident - empty.resident) / 100_000 };
  });
}

/** One channel for all, and channels with five subscribers, with the server's work spread over processes on their own cores. */
export function severalCores(peer: Peer, workers: number): Promise<Statistics> {
  const act = async ({ server, crowd, overHttp }: Stage) => {
    const subscribers = 5_000;
    const plans = [fan, inFives(subscribers)];
    await crowd.connect({ port: server.port, dialect: peer.dialect, plans, count: subscribers });
    const publisher = peer.triggers.includes('inside') ? server.worker : await overHttp();
    const common = { server: server.worker, publisher, crowd, warmUpMs: 2 * warmUpMs, measureMs };
    const statistics: Statistics = {};
    const fanned = { channels: fan, burst: 10, window: 80 };
    put(statistics, 'fan', await measureFlow({ ...common, how: fanned, subscribers }));
    const spread = { channels: inFives(subscribers), burst: 10, window: 10_000 };
    put(statistics, 'small', await measureFlow({ ...common, how: spread, subscribers: 5 }));
    return statistics;
  };
  return withStage(peer, act, workers);
}

async function settled(worker: Worker) {
  const { heapUsed, external } = await worker.ask({ do: 'collect garbage' }, 'collected');
  return { resident: worker.residentBytes(), heapUsed, external };
}

function put(statistics: Statistics, name: string, flow: Flow): void {
  const { latenciesUs: _, ...rest } = flow;
  for (const [key, value] of Object.entries(rest)) statistics[`${name}.${key}`] = value;
}

function putLatencies(statistics: Statistics, name: string, flow: Flow): void {
  put(statistics, name, flow);
  const sorted = Float64Array.from(flow.latenciesUs).sort();
  for (const percent of [50, 99, 99.9]) {
    const rank = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
    statistics[`${name}.p${percent}`] = (sorted[rank] ?? Number.NaN) / 1000;
  }
}
