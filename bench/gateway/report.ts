import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { clientProcesses } from './crowd.ts';
import type { Measured } from './measured.ts';
import { clustered, peers } from './peers.ts';
import { doubts, targets } from './verdicts.ts';
import { canPin } from './worker.ts';
import { kib, thousands, whole } from './writing.ts';

/** A column: a scenario's statistic, its format, and whether more is better. */
interface Column {
  readonly title: string;
  readonly from: readonly [scenario: string, statistic: string];
  readonly write: (value: number) => string;
  /** Peers show in parentheses how many times better ours is. */
  readonly better?: 'more' | 'less';
}

const [ours] = peers.map(({ name }) => name);
const digits = (count: number) => (value: number) => value.toFixed(count);
const mib = (value: number) => (value / 1024 / 1024).toFixed(0);

/** How the results were measured. */
export interface ReportOptions {
  readonly rounds: number;
  /** The worker counts that were measured. */
  readonly inWorkers: readonly number[];
}

/** The page of results. */
export function report(measured: Measured, { rounds, inWorkers }: ReportOptions): string {
  return [
    head(rounds),
    ...sections(measured),
    ...cores(measured, inWorkers),
    targets(measured),
    doubts(measured, inWorkers),
  ].join('\n\n');
}

function head(rounds: number): string {
  const { dependencies } = JSON.parse(
    readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
  );
  const versions = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  const pinned = canPin ? ' The server is pinned to core 0, the clients to the other cores.' : '';
  return `# The gateway, measured

${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Linux ${release().split('-')[0]}, Node ${process.version}, ${versions.join(', ')}; by \`npm run bench:gateway\`. Medians of ${rounds} rounds, in which the servers take turns; memory was measured once. In parentheses, how many times better Mevrik is.

One process is the server, ${clientProcesses()} are the clients: bare sockets that complete the handshake, subscribe, and then count frames without decoding them.${pinned} Messages are WebSocket frames of 200 bytes. Messages are triggered as fast as the clients receive them, with a limit on those in flight, so that no backlog builds up. Every delivery is counted, and missing ones are reported. *CPU* is the CPU time of the server process, including the kernel. Results depend on the cost of a system call on the machine: most of the work is writing to sockets.

*soketi* is triggered through its HTTP API only (10 events per request), the others from inside the server. *uWebSockets.js* and *ws* are the bare libraries with minimal code around them: no apps, no access rules, no limits, no presence.`;
}

function sections(measured: Measured): string[] {
  const flow = (scenario: string, name: string, title: string): Column[] => [
    { title, from: [scenario, `${name}.deliveriesPerSecond`], write: thousands, better: 'more' },
    { title: 'CPU s', from: [scenario, `${name}.cpuSecondsPerMillion`], write: digits(2) },
  ];
  const grown = (scenario: string, name: string): Column => ({
    title: 'memory growth, MiB',
    from: [scenario, `${name}.grownBytes`],
    write: mib,
  });
  const late = (name: string): Column[] =>
    ['p50', 'p99', 'p99.9'].map((rank) => ({
      title: `${rank}, ms`,
      from: ['fanOut', `${name}.${rank}`],
      write: digits(1),
      ...(name === 'same' ? { better: 'less' as const } : {}),
    }));
  const rate = (name: string): Column => ({
    title: 'deliveries per second',
    from: ['fanOut', `${name}.deliveriesPerSecond`],
    write: thousands,
  });
  return [
    '## One channel, 1,000 subscribers\n\nDeliveries per second, and CPU seconds per million deliveries, by the number of messages triggered in one tick of the event loop.',
    table(measured, [
      ...flow('fanOut', 'single', 'one per tick'),
      ...flow('fanOut', 'tens', '10 per tick'),
      ...flow('fanOut', 'hundreds', '100 per tick'),
      ...flow('fanOut', 'http', 'HTTP API'),
      grown('fanOut', 'hundreds'),
    ]),
    '## 10,000 connections\n\nAll on one channel, 10 messages per tick; and 2,000 channels with 5 subscribers each, 1,000 messages per tick spread over them.',
    table(measured, [
      ...flow('manySubscribers', 'fan', 'one channel'),
      grown('manySubscribers', 'fan'),
      ...flow('manySubscribers', 'small', '2,000 channels'),
      grown('manySubscribers', 'small'),
    ]),
    '## Latency\n\n1,000 subscribers of one channel. The time from when a message was due, on a one-millisecond timer, until a client receives it. First at half the highest rate that each server reached above, then all at the same rate.',
    table(measured, [rate('half'), ...late('half'), rate('same'), ...late('same')]),
    '## Connecting\n\nHandshake, greeting and one confirmed subscription; 5,000 connections, 50 at a time from each client process. Where the clients are the bottleneck, compare CPU time.',
    table(measured, [
      { title: 'per second', from: ['connectionRate', 'perSecond'], write: whole, better: 'more' },
      { title: 'CPU ms each', from: ['connectionRate', 'cpuMsEach'], write: digits(3), better: 'less' },
      { title: 'server cores', from: ['connectionRate', 'serverCores'], write: digits(2) },
      { title: 'cores of the busiest client', from: ['connectionRate', 'clientCores'], write: digits(2) },
    ]),
    '## Memory\n\nMemory of the server process after garbage collection, without the kernel’s memory for sockets. First idle connections with one channel each; then 1,000 connections with 100 channels each. No channel is shared.',
    table(measured, [
      { title: 'empty, MiB', from: ['idleMemory', 'emptyBytes'], write: mib },
      {
        title: 'KiB each at 10,000',
        from: ['idleMemory', 'bytesEach10k'],
        write: kib,
        better: 'less',
      },
      { title: 'KiB each at 18,000', from: ['idleMemory', 'bytesEach18k'], write: kib, better: 'less' },
      { title: '100,000 channels, s', from: ['manyChannels', 'seconds'], write: digits(1) },
      { title: 'bytes per channel', from: ['manyChannels', 'bytesEach'], write: whole, better: 'less' },
    ]),
  ];
}

function cores(measured: Measured, inWorkers: readonly number[]): string[] {
  const columns = ['fan', 'small'].flatMap((name) =>
    inWorkers.map(
      (workers): Column => ({
        title: `${name === 'fan' ? 'one channel' : '1,000 channels'}, ${workers === 1 ? 'one process' : `${workers} workers`}`,
        from: [`severalCores${workers}`, `${name}.deliveriesPerSecond`],
        write: thousands,
        better: 'more',
      }),
    ),
  );
  const names = clustered(1).map(({ name }) => name);
  return [
    '## Several cores\n\nDeliveries per second over 5,000 connections: all on one channel, and 1,000 channels with 5 subscribers each. Each worker has its own core, and the clients have the others. Mevrik is the complete server with `--workers`, triggered through its HTTP API with 10 events per request; Socket.IO uses its cluster adapter and is triggered in one of its workers, 10 messages per tick.',
    table(measured, columns, names),
  ];
}

function table(
  measured: Measured,
  columns: readonly Column[],
  names = peers.map(({ name }) => name),
): string {
  const cell = ({ from: [scenario, statistic], write, better }: Column, peer: string) => {
    const value = measured(scenario, peer, statistic);
    if (value === undefined || !Number.isFinite(value)) return '–';
    const own = ours === undefined ? undefined : measured(scenario, ours, statistic);
    if (!better || own === undefined || peer === ours) return write(value);
    return `${write(value)} (${(better === 'more' ? own / value : value / own).toFixed(1)}×)`;
  };
  return [
    `| | ${columns.map(({ title }) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...names.map((name) => `| ${name} | ${columns.map((column) => cell(column, name)).join(' | ')} |`),
  ].join('\n');
}
