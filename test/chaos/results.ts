import type { Outcome } from './run.ts';
import { type FailureKind, failureKinds, type Schedule } from './schedule.ts';

interface Played {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
}

/** How long conversations may take to go on after a single failure, and after several, in milliseconds. */
const recoveryLimitMs = { single: 5_000, several: 10_000 } as const;

/** Whether a run took longer to recover than it may. */
export function isLate({ schedule, outcome }: Played): boolean {
  const { single, several } = recoveryLimitMs;
  return outcome.recoveryMs > (schedule.failures.length === 1 ? single : several);
}

/** A table of recovery times and broken guarantees: of all runs, and of the runs with one kind of failure only. */
export function printResults(played: readonly Played[]): string {
  const kinds = Object.keys(failureKinds) as FailureKind[];
  const rows = kinds.map((kind) =>
    row(
      `${kind} only`,
      played.filter(({ schedule }) => schedule.failures.every((failure) => failure.kind === kind)),
    ),
  );
  const seeds = played.map(({ schedule }) => schedule.seed);
  return [
    '# Chaos',
    '',
    `\`npm run chaos -- --seed ${Math.min(...seeds)} --runs ${played.length}\`: random failures while customers write. A run`,
    'recovers when every conversation was written to, answered by the bot or an agent, and seen live after its last failure;',
    'it is late after five seconds if there was one failure, after ten if there were several.',
    '',
    '| failures | runs | messages | broken guarantees | late | recovery p50 | p99 | slowest |',
    '|---|---|---|---|---|---|---|---|',
    row('all', played),
    ...rows.filter((line) => line !== undefined),
    '',
  ].join('\n');
}

function row(name: string, played: readonly Played[]): string | undefined {
  if (played.length === 0) return undefined;
  const times = played.map(({ outcome }) => outcome.recoveryMs).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const messages = played.reduce((sum, { outcome }) => sum + outcome.messages, 0);
  const broken = played.reduce((sum, { outcome }) => sum + outcome.violations.length, 0);
  const late = played.filter(isLate).length;
  return `| ${name} | ${played.length} | ${messages} | ${broken} | ${late} | ${seconds(at(0.5))} | ${seconds(at(0.99))} | ${seconds(at(1))} |`;
}
