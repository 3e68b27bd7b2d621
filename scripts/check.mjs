// `npm run check`: every check beside the tests. A failed check does not stop the others.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The checks in the order in which they start, and the one whose result they need. As many run at once as there are cores. */
const checks = [
  // Runs after the tests, whose build it reuses.
  { name: 'build', command: ['node', 'scripts/build.mjs', 'stale'] },
  { name: 'types', command: ['npm', 'run', '-s', 'types'] },
  { name: 'installed packages', command: ['node', 'scripts/check-packed.mjs'], needs: 'build' },
  { name: 'sizes', command: ['node', 'scripts/check-sizes.mjs'], needs: 'build' },
  ...['protocol', 'client', 'server'].map((folder) => ({
    name: `package @mevrik/${folder}`,
    command: ['npx', 'publint', '--strict', `packages/${folder}`],
    needs: 'build',
  })),
  { name: 'layers', command: ['npm', 'run', '-s', 'layers'] },
  { name: 'dead code', command: ['npm', 'run', '-s', 'deadcode'] },
  { name: 'reference pages', command: ['npm', 'run', '-s', 'docs:check'] },
  { name: 'lint', command: ['npm', 'run', '-s', 'lint'] },
];

const waiting = [...checks];
const done = new Set();
const failed = [];
const running = new Set();
while (waiting.length + running.size > 0) {
  const next = waiting.findIndex(({ needs }) => needs === undefined || done.has(needs));
  if (next >= 0 && running.size < availableParallelism()) {
    const [check] = waiting.splice(next, 1);
    const run = runCheck(check).finally(() => running.delete(run));
    running.add(run);
  } else {
    await Promise.race(running);
  }
}
if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs a check and prints its result and, if it failed, its output. */
async function runCheck({ name, command: [program, ...args] }) {
  const startedAt = performance.now();
  const { error, output } = await new Promise((resolve) => {
    execFile(program, args, { cwd: root, maxBuffer: 64 * 2 ** 20 }, (failure, stdout, stderr) =>
      resolve({ error: failure, output: `${stdout}\n${stderr}` }),
    );
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${error ? '✗' : '✓'} ${name} (${seconds} s)`);
  done.add(name);
  if (!error) return;
  failed.push(name);
  console.log(output);
}
