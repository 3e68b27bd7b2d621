// `npm run test:changed`: runs the tests that a change can break, as many as fit into a minute, fastest
// first. Without an argument the change is what is not committed; `npm run test:changed -- main` includes the
// commits since main.
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { createVitest } from 'vitest/node';

const budgetMs = 50_000;
/** How long one set of files runs. */
const setMs = 15_000;
/** The duration of a file that has never run here. */
const assumedMs = (path) => (path.startsWith('test/') ? 5_000 : 500);

const vitest = await createVitest('test', { watch: false, changed: process.argv[2] ?? true });
const durationOf = ({ moduleId, project }) => {
  const path = relative(vitest.config.root, moduleId);
  return vitest.cache.getFileTestResults(`${project.name}:${path}`)?.duration || assumedMs(path);
};
const affected = (await vitest.getRelevantTestSpecifications())
  .map((specification) => ({ specification, ms: durationOf(specification) }))
  .sort((a, b) => a.ms - b.ms);

/** The next files, as many as take about `ms` on all cores; at least one. */
function takeNext(ms) {
  let left = ms * availableParallelism() - waiting[0].ms;
  let count = 1;
  for (; count < waiting.length && waiting[count].ms < left; count++) left -= waiting[count].ms;
  return waiting.splice(0, count);
}

const waiting = [...affected];
const until = Date.now() + budgetMs;
await vitest.standalone();
while (waiting.length > 0 && waiting[0].ms < until - Date.now()) {
  // In short sets, because durations are only known from earlier runs: a slower machine runs fewer files.
  const set = takeNext(Math.min(setMs, until - Date.now()));
  await vitest.runTestSpecifications(set.map(({ specification }) => specification));
}
if (vitest.state.getCountOfFailedTests() > 0) process.exitCode = 1;
await vitest.close();
const ran = affected.length - waiting.length;
console.log(`${ran} of the ${affected.length} test files that the change affects have run.`);
if (waiting.length > 0) console.log('The slower ones run with `npm test`.');
