import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import type { Counted, Publishing } from './messages.ts';
import type { Worker } from './worker.ts';

/** The measurements of a stream of messages. */
export interface Flow {
  readonly deliveriesPerSecond: number;
  /** The server's CPU time per million deliveries. */
  readonly cpuSecondsPerMillion: number;
  /** The server's memory growth during the measurement. */
  readonly grownBytes: number;
  /** Cores used: by the server, and by the busiest client process. */
  readonly serverCores: number;
  readonly clientCores: number;
  readonly latenciesUs: readonly number[];
  /** Expected deliveries that did not arrive. */
  readonly missing: number;
}

/** The processes that a stream of messages passes, and its rate. */
export interface FlowOptions {
  readonly server: Worker;
  /** The server itself, or the process that publishes over HTTP. */
  readonly publisher: Worker;
  readonly crowd: Crowd;
  readonly how: Publishing;
  /** The number of subscribers that receive each message. */
  readonly subscribers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** After this time without deliveries, the rest counts as missing. */
const quietLimitMs = 2_000;

/** Publishes messages, measures them after a warm-up, and waits until all have arrived. */
export async function measureFlow(options: FlowOptions): Promise<Flow> {
  const { server, publisher, crowd, how, subscribers, warmUpMs, measureMs } = options;
  const before = sum(await crowd.count(true), 'frames');
  const residentBefore = server.residentBytes();
  let arrived = 0;
  const ignore = crowd.onFrames((frames) => {
    arrived = frames - before;
    publisher.send({ do: 'seen', messages: Math.floor(arrived / subscribers) });
  });
  publisher.send({ do: 'publish', how });
  await delay(warmUpMs);
  const first = await snapshot(server, crowd);
  let resident = residentBefore;
  const sampler = setInterval(() => {
    resident = Math.max(resident, server.residentBytes());
  }, 50);
  await delay(measureMs);
  const last = await snapshot(server, crowd);
  clearInterval(sampler);
  const { published } = await publisher.ask({ do: 'stop' }, 'stopped');
  const missing = await waitForRest(() => published * subscribers - arrived);
  ignore();
  const deliveries = sum(last.counted, 'frames') - sum(first.counted, 'frames');
  const rates = last.counted.map((one, n) => rateOf(first.counted[n], one));
  return {
    deliveriesPerSecond: rates.reduce((a, b) => a + b, 0),
    cpuSecondsPerMillion: ((last.cpu - first.cpu) / deliveries) * 1e6,
    grownBytes: resident - residentBefore,
    serverCores: (last.cpu - first.cpu) / ((last.atUs - first.atUs) / 1e6),
    clientCores: Math.max(...last.counted.map((one, n) => coresOf(first.counted[n], one))),
    latenciesUs: last.counted.flatMap(({ latenciesUs }) => latenciesUs),
    missing: missing + sum(last.counted, 'lost'),
  };
}

async function snapshot(server: Worker, crowd: Crowd) {
  const counted = await crowd.count();
  const cpu = server.cpuSeconds();
  return { counted, cpu, atUs: Number(process.hrtime.bigint() / 1000n) };
}

async function waitForRest(rest: () => number): Promise<number> {
  let last = rest();
  let quietMs = 0;
  while (last > 0 && quietMs < quietLimitMs) {
    await delay(10);
    quietMs = rest() === last ? quietMs + 10 : 0;
    last = rest();
  }
  return last;
}

function rateOf(first: Counted | undefined, last: Counted): number {
  if (!first) return 0;
  return (last.frames - first.frames) / ((last.atUs - first.atUs) / 1e6);
}

function coresOf(first: Counted | undefined, last: Counted): number {
  return first ? (last.cpuUs - first.cpuUs) / (last.atUs - first.atUs) : 0;
}

function sum(counted: readonly Counted[], what: 'frames' | 'lost'): number {
  return counted.reduce((total, one) => total + one[what], 0);
}
