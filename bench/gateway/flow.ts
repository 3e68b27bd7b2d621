import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import type { Counted, Publishing } from './messages.ts';
import type { Worker } from './worker.ts';

/** What is measured of a stream of messages. */
export interface Flow {
  readonly deliveriesPerSecond: number;
  /** Of the server, for a million deliveries. */
  readonly cpuSecondsPerMillion: number;
  /** Of the server while it was measured. */
  readonly grownBytes: number;
  /** Parts of a core: of the server, and of the client process that had the most to do. */
  readonly serverCores: number;
  readonly clientCores: number;
  readonly latenciesUs: readonly number[];
  /** Deliveries that should have come and did not. */
  readonly missing: number;
}

/** What a stream of messages is sent through. */
export interface FlowOptions {
  readonly server: Worker;
  /** The server itself, or the process that triggers over HTTP. */
  readonly publisher: Worker;
  readonly crowd: Crowd;
  readonly how: Publishing;
  /** To how many a message goes. */
  readonly subscribers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** So long nothing has come: then nothing will. */
const silenceMs = 2_000;

/** Lets messages flow, measures them after a warm-up, and waits until all have arrived. */
export async function measureFlow(options: FlowOptions): Promise<Flow> {
  const { server, publisher, crowd, how, subscribers, warmUpMs, measureMs } = options;
  const before = sum(await crowd.count(true), 'frames');
  const residentBefore = server.residentBytes();
  let arrived = 0;
  const ignore = crowd.onFrames((frames) => {
    arrived = frames - before;
    publisher.tell({ do: 'seen', messages: Math.floor(arrived / subscribers) });
  });
  publisher.tell({ do: 'publish', how });
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
  let silentMs = 0;
  while (last > 0 && silentMs < silenceMs) {
    await delay(10);
    silentMs = rest() === last ? silentMs + 10 : 0;
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
