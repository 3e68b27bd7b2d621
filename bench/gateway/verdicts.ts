import type { Measured } from './measured.ts';
import { peers } from './peers.ts';
import { kib, thousands, whole } from './writing.ts';

const [ours] = peers.map(({ name }) => name);

/** The targets, and whether they are met. */
export function targets(measured: Measured): string {
  const of = (peer: string, scenario: string, statistic: string) =>
    measured(scenario, peer, statistic) ?? Number.NaN;
  const best = (peer: string) =>
    Math.max(
      ...['single', 'tens', 'hundreds'].map((name) => of(peer, 'fanOut', `${name}.deliveriesPerSecond`)),
    );
  const own = ours ?? '';
  const againstUws = (when: string, scenario: string, name: string): [string, boolean, string] => {
    const statistic = `${name}.deliveriesPerSecond`;
    const ratio = of(own, scenario, statistic) / of('uWebSockets.js', scenario, statistic);
    return [`as many as uWebSockets.js, ${when}`, ratio >= 1, `${ratio.toFixed(2)}×`];
  };
  const lines: [string, boolean, string][] = [
    ['1.5 M deliveries per second on one core, best of the three', best(own) >= 1.5e6, thousands(best(own))],
    [
      'twice as many as Socket.IO, best of each',
      best(own) >= 2 * best('Socket.IO'),
      `${(best(own) / best('Socket.IO')).toFixed(1)}×`,
    ],
    againstUws('100 per tick', 'fanOut', 'hundreds'),
    againstUws('10 per tick', 'fanOut', 'tens'),
    againstUws('one per tick', 'fanOut', 'single'),
    againstUws('10,000 on one channel', 'manySubscribers', 'fan'),
    againstUws('2,000 channels', 'manySubscribers', 'small'),
    [
      '20 KiB for an idle connection',
      of(own, 'idleMemory', 'bytesEach18k') <= 20 * 1024,
      `${kib(of(own, 'idleMemory', 'bytesEach18k'))} KiB`,
    ],
    [
      '100,000 channels on one node',
      of(own, 'manyChannels', 'seconds') > 0,
      `in ${of(own, 'manyChannels', 'seconds').toFixed(1)} s`,
    ],
  ];
  const rows = lines.map(
    ([target, isMet, value]) => `| ${target} | ${isMet ? 'yes' : '**no**'} | ${value} |`,
  );
  return ['## Targets\n', '| | met | |\n|---|---|---|', ...rows].join('\n');
}

/** The scenarios that load a server fully, with their statistics' prefix. */
const flows = (inWorkers: readonly number[]): readonly (readonly [scenario: string, prefix: string])[] => [
  ...['single.', 'tens.', 'hundreds.', 'http.', 'half.', 'same.'].map((name) => ['fanOut', name] as const),
  ...['fan.', 'small.'].map((name) => ['manySubscribers', name] as const),
  ['connectionRate', ''],
  ['idleMemory', ''],
  ['manyChannels', ''],
  ...inWorkers.flatMap((workers) =>
    ['fan.', 'small.'].map((name) => [`severalCores${workers}`, name] as const),
  ),
];

/** Results that need care when read: failed rounds, losses, and clients that were the bottleneck. */
export function doubts(measured: Measured, inWorkers: readonly number[]): string {
  const lines = peers.flatMap(({ name: peer }) =>
    flows(inWorkers).flatMap(([scenario, prefix]) => {
      const of = (statistic: string) => measured(scenario, peer, `${prefix}${statistic}`) ?? 0;
      const what = `${peer}, ${scenario}${prefix && ` (${prefix.slice(0, -1)})`}`;
      const failed = measured(scenario, peer, 'failed') ? [`- ${what}: a round failed.`] : [];
      const gone = of('missing') + of('lost');
      const missing = gone > 0 ? [`- ${what}: ${whole(gone)} deliveries or connections were lost.`] : [];
      const isClientLimit = of('clientCores') > of('serverCores');
      const busier = isClientLimit ? [`- ${what}: a client process was busier than the server.`] : [];
      return [...failed, ...missing, ...busier];
    }),
  );
  const none = 'Nothing was lost, and the busiest client process always had less to do than the server.';
  return `## Checks\n\n${lines.length === 0 ? none : lines.join('\n')}\n`;
}
