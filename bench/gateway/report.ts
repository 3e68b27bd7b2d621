import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { clientProcesses } from './crowd.ts';
import type { Measured } from './measured.ts';
import { clustered, peers } from './peers.ts';
import { doubts, targets } from './verdicts.ts';
import { canPin } from './worker.ts';
import { kib, thousands, whole } from './writing.ts';

/** A column: a scenario's figure, how it is written, and whether more of it is better. */
interface Column {
  readonly title: string;
  readonly from: readonly [scenario: string, figure: string];
  readonly write: (value: number) => string;
  /** Peers get in parentheses how many times as good ours is. */
  readonly better?: 'more' | 'less';
}

const [ours] = peers.map(({ name }) => name);
const digits = (count: number) => (value: number) => value.toFixed(count);
const mib = (value: number) => (value / 1024 / 1024).toFixed(0);

/** How it was measured. */
export interface ReportOptions {
  readonly rounds: number;
  /** In so many processes was each measured, beside in one. */
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
  const pinned = canPin ? ' The server is held on core 0, the clients on the others.' : '';
  return `# The gateway, measured

${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Linux ${release().split('-')[0]}, Node ${process.version}, ${versions.join(', ')}; by \`npm run bench:gateway\`. Medians of ${rounds} rounds, the peers in turn in each; memory once. In parentheses, how many times as good ours is.

One process is the server, ${clientProcesses()} are the clients: bare sockets that make the handshake, subscribe, and then count frames without reading them.${pinned} Messages are WebSocket frames of 200 bytes. As many are triggered as clients take: so many may be on their way, no more, so that nothing gathers without bound. Every delivery is counted; what is missing is said. *CPU* is that of the server process, kernel included. Figures depend on what a system call costs on the machine: writing to a socket is most of the work.

*soketi* triggers through its HTTP API only (10 events a request), the others from inside of the server. *uWebSockets.js* and *ws* are the bare libraries with the least code around: no apps, no rights, no limits, no presence.`;
}

function sections(measured: Measured): string[] {
  const flow = (scenario: string, name: string, title: string): Column[] => [
    { title, from: [scenario, `${name}.deliveriesPerSecond`], write: thousands, better: 'more' },
    { title: 'CPU s', from: [scenario, `${name}.cpuSecondsPerMillion`], write: digits(2) },
  ];
  const grown = (scenario: string, name: string): Column => ({
    title: 'memory grows by, MiB',
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
    title: 'deliveries a second',
    from: ['fanOut', `${name}.deliveriesPerSecond`],
    write: thousands,
  });
  return [
    '## One channel, 1,000 subscribers\n\nDeliveries a second, and CPU seconds for a million of them; so many messages triggered in one turn of the event loop.',
    table(measured, [
      ...flow('fanOut', 'single', 'one a turn'),
      ...flow('fanOut', 'tens', '10 a turn'),
      ...flow('fanOut', 'hundreds', '100 a turn'),
      ...flow('fanOut', 'http', 'HTTP API'),
      grown('fanOut', 'hundreds'),
    ]),
    '## 10,000 connections\n\nAll on one channel, 10 messages a turn; and 2,000 channels with 5 subscribers each, 1,000 messages a turn spread over them.',
    table(measured, [
      ...flow('manySubscribers', 'fan', 'one channel'),
      grown('manySubscribers', 'fan'),
      ...flow('manySubscribers', 'small', '2,000 channels'),
      grown('manySubscribers', 'small'),
    ]),
    '## Latency\n\n1,000 subscribers of one channel. From when a message was due, by a timer of a millisecond, to when a client has it. First at half of the highest rate that the server itself reached above, then all at the same rate.',
    table(measured, [rate('half'), ...late('half'), rate('same'), ...late('same')]),
    '## Connecting\n\nHandshake, greeting and subscription of one channel confirmed; 5,000 connections, 50 at a time from each client process. CPU is the better figure where the clients are the limit.',
    table(measured, [
      { title: 'a second', from: ['connectionRate', 'perSecond'], write: whole, better: 'more' },
      { title: 'CPU ms each', from: ['connectionRate', 'cpuMsEach'], write: digits(3), better: 'less' },
      { title: "server's cores", from: ['connectionRate', 'serverCores'], write: digits(2) },
      { title: "busiest client's", from: ['connectionRate', 'clientCores'], write: digits(2) },
    ]),
    '## Memory\n\nOf the server process after garbage collection, what the kernel keeps for sockets not included. Idle connections with a channel of their own; then 1,000 connections with 100 channels each that nobody else has.',
    table(measured, [
      { title: 'empty, MiB', from: ['idleMemory', 'emptyBytes'], write: mib },
      {
        title: 'KiB each of 10,000',
        from: ['idleMemory', 'bytesEach10k'],
        write: kib,
        better: 'less',
      },
      { title: 'KiB each of 18,000', from: ['idleMemory', 'bytesEach18k'], write: kib, better: 'less' },
      { title: '100,000 channels, s', from: ['manyChannels', 'seconds'], write: digits(1) },
      { title: 'bytes each', from: ['manyChannels', 'bytesEach'], write: whole, better: 'less' },
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
    '## Several cores\n\n5,000 connections, deliveries a second: all on one channel, and 1,000 channels with 5 subscribers each. Each worker has a core, the clients have the others. Ours is the whole product with `--workers`, triggered through its HTTP API 10 events a request; Socket.IO with its cluster adapter, triggered in one of its workers 10 a turn.',
    table(measured, columns, names),
  ];
}

function table(
  measured: Measured,
  columns: readonly Column[],
  names = peers.map(({ name }) => name),
): string {
  const cell = ({ from: [scenario, figure], write, better }: Column, peer: string) => {
    const value = measured(scenario, peer, figure);
    if (value === undefined || !Number.isFinite(value)) return '–';
    const own = ours === undefined ? undefined : measured(scenario, ours, figure);
    if (!better || own === undefined || peer === ours) return write(value);
    return `${write(value)} (${(better === 'more' ? own / value : value / own).toFixed(1)}×)`;
  };
  return [
    `| | ${columns.map(({ title }) => title).join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...names.map((name) => `| ${name} | ${columns.map((column) => cell(column, name)).join(' | ')} |`),
  ].join('\n');
}
