// `npm run chaos -- --runs 20 --seed 1`: plays random schedules of failures against real servers, and checks after each
// that nothing was lost, doubled, out of order or stuck. `--failures 1` plays one failure a run, `--kind "kill node"` only
// failures of that kind, `--write` stores the table in test/chaos/results.md. A run that recovers late fails, too. The logs
// of a failed run are kept.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare } from './postgres.ts';
import { isLate, printResults } from './results.ts';
import { type Outcome, play } from './run.ts';
import { describeSchedule, type FailureKind, failureKinds, type Schedule, scheduleOf } from './schedule.ts';

const options = readOptions();
const { directory, postgres } = await prepare('mevrik-chaos-');
const played: { schedule: Schedule; outcome: Outcome }[] = [];
try {
  for (let seed = options.seed; seed < options.seed + options.runs; seed += 1) {
    const schedule = scheduleOf(seed, options);
    const logs = join(directory, `seed-${seed}`);
    const outcome = await play(schedule, postgres, logs);
    played.push({ schedule, outcome });
    const isFine = outcome.violations.length === 0;
    console.log(
      `${isFine ? '✓' : '✗'} seed ${seed}: ${describeSchedule(schedule)}; ${outcome.messages} messages, ` +
        `recovered in ${(outcome.recoveryMs / 1000).toFixed(1)} s${isLate({ schedule, outcome }) ? ', late' : ''}`,
    );
    for (const violation of outcome.violations) console.log(`    ${violation}`);
    if (isFine) await rm(logs, { recursive: true });
    else console.log(`    The logs are in ${logs}`);
  }
} finally {
  await postgres.stop();
}
const failed = played.filter(({ outcome }) => outcome.violations.length > 0);
const results = printResults(played);
console.log(`\n${results}`);
if (options.write) await writeFile(new URL('results.md', import.meta.url), results);
if (failed.length === 0) await rm(directory, { recursive: true });
process.exitCode = failed.length > 0 || played.some(isLate) ? 1 : 0;

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      runs: text,
      seed: text,
      failures: text,
      kind: { ...text, multiple: true },
      write: { type: 'boolean' },
    },
  });
  const number = (name: 'runs' | 'seed' | 'failures', otherwise: number) => {
    const given = Number(values[name] ?? otherwise);
    if (Number.isSafeInteger(given) && given > 0) return given;
    console.error(`--${name} must be a whole number above zero.`);
    process.exit(1);
  };
  const unknown = values.kind?.find((kind) => !(kind in failureKinds));
  if (unknown !== undefined) {
    const known = Object.entries(failureKinds).map(
      ([kind, { of, what }]) => `  ${kind}: of a ${of}, ${what}`,
    );
    console.error(`Unknown failure "${unknown}". Known ones:\n${known.join('\n')}`);
    process.exit(1);
  }
  return {
    runs: number('runs', 10),
    seed: number('seed', 1),
    maxFailures: number('failures', 4),
    ...(values.kind ? { kinds: values.kind as FailureKind[] } : {}),
    write: values.write ?? false,
  };
}
