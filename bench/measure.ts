import { setTimeout as delay } from 'node:timers/promises';

/** A contestant of the listener benchmark: it accepts small events and passes each to a no-op handler. */
export interface Contestant {
  readonly name: string;
  /** Adds events; resolves when they are stored, as durably as the contestant allows. */
  add(numbers: readonly number[]): Promise<void>;
  /** Starts handling; `onHandled` is called in the handler, or when a handled batch is committed. */
  start(onHandled: (number: number) => void): Promise<void>;
  /** Stops handling; may be started again. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

/** A contestant's results, printed as one line of JSON. */
export interface ListenerResult {
  readonly name: string;
  /** Events per second: added one by one by 64 writers while they are handled. */
  readonly oneByOne: number;
  /** Events per second: added 200 at a time by 8 writers while they are handled. */
  readonly inBulk: number;
  /** Events per second: all are stored before handling starts. */
  readonly backlog: number;
  /** Milliseconds from adding to handling on an idle system. */
  readonly idleP50: number;
  readonly idleP99: number;
}

/** The number of ordering keys: enough to keep every partition busy. */
export const keys = 1_000;

/** Measures a contestant. */
export async function measure(contestant: Contestant, events = 40_000): Promise<ListenerResult> {
  await flow(contestant, range(4_000), 200, 8); // warms both up
  const oneByOne = await flow(contestant, range(events / 2), 1, 64);
  const inBulk = await flow(contestant, range(events), 200, 8);
  const backlog = await drain(contestant, range(events));
  const idle = await latencies(contestant, 300);
  await contestant.stop();
  return {
    name: contestant.name,
    oneByOne,
    inBulk,
    backlog,
    idleP50: percentile(idle, 50),
    idleP99: percentile(idle, 99),
  };
}

/** A percentile of some numbers, by the nearest rank. */
export function percentile(numbers: readonly number[], percent: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

async function flow(contestant: Contestant, numbers: number[], size: number, writers: number) {
  const handled = countdown(numbers.length);
  await contestant.start(handled.one);
  const begun = performance.now();
  await write(contestant, numbers, size, writers);
  await handled.all;
  const seconds = (performance.now() - begun) / 1000;
  await contestant.pause();
  return numbers.length / seconds;
}

async function drain(contestant: Contestant, numbers: number[]) {
  await write(contestant, numbers, 200, 8);
  const handled = countdown(numbers.length);
  const begun = performance.now();
  await contestant.start(handled.one);
  await handled.all;
  const seconds = (performance.now() - begun) / 1000;
  await contestant.pause();
  return numbers.length / seconds;
}

async function latencies(contestant: Contestant, count: number) {
  const found: number[] = [];
  let arrived: () => void = () => {};
  await contestant.start(() => arrived());
  for (let number = 1; number <= count; number++) {
    const handled = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const begun = performance.now();
    await contestant.add([number]);
    await handled;
    found.push(performance.now() - begun);
    await delay(5);
  }
  await contestant.pause();
  return found;
}

async function write(contestant: Contestant, numbers: readonly number[], size: number, writers: number) {
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < numbers.length) {
        const from = next;
        next += size;
        await contestant.add(numbers.slice(from, from + size));
      }
    }),
  );
}

/** Resolves `all` when `one` was called for `count` distinct numbers: a repeated delivery does not count. */
function countdown(count: number) {
  const seen = new Set<number>();
  let resolve: () => void = () => {};
  const all = new Promise<void>((done) => {
    resolve = done;
  });
  return {
    all,
    one(number: number) {
      seen.add(number);
      if (seen.size === count) resolve();
    },
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
