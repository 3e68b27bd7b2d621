import type { Outcome } from './run.ts';
import { type FailureKind, failureKinds, type Schedule } from './schedule.ts';

interface Played {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
}

/** A table of recovery times and broken promises: of all runs, and of the runs with one kind of failure only. */
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
    'recovers when every conversation was written to, answered by the bot or an agent, and seen live after its last failure.',
    '',
    '| failures | runs | messages | broken promises | recovery p50 | p99 | slowest |',
    '|---|---|---|---|---|---|---|',
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
  return `| ${name} | ${played.length} | ${messages} | ${broken} | ${seconds(at(0.5))} | ${seconds(at(0.99))} | ${seconds(at(1))} |`;
}
