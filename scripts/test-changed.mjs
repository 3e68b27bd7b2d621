// `npm run test:changed`: runs the tests that a change can break, as many as fit into a minute, fastest
// first. Without an argument the change is what is not committed; `npm run test:changed -- main` includes the
// commits since main.
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { createVitest } from 'vitest/node';

const budgetMs = 60_000;
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
let left = budgetMs * availableParallelism();
const chosen = affected.filter(({ ms }) => {
  left -= ms;
  return left > 0;
});
if (chosen.length > 0) {
  await vitest.runTestSpecifications(chosen.map(({ specification }) => specification));
}
if (vitest.state.getCountOfFailedTests() > 0) process.exitCode = 1;
await vitest.close();
console.log(`${chosen.length} of the ${affected.length} test files that the change affects have run.`);
if (chosen.length < affected.length) console.log('The slower ones run with `npm test`.');
