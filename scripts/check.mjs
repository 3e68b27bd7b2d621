// `npm run check`: everything that is checked beside the tests. Runs every check whatever the others found.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each check, and its command. The build comes before what looks at its result. */
const checks = {
  types: ['npm', 'run', '-s', 'types'],
  lint: ['npm', 'run', '-s', 'lint'],
  layers: ['npm', 'run', '-s', 'layers'],
  'dead code': ['npm', 'run', '-s', 'deadcode'],
  'reference pages': ['npm', 'run', '-s', 'docs:check'],
  build: ['npm', 'run', '-s', 'build'],
  'package @mevrik/protocol': ['npx', 'publint', '--strict', 'packages/protocol'],
  'package @mevrik/client': ['npx', 'publint', '--strict', 'packages/client'],
  'package @mevrik/server': ['npx', 'publint', '--strict', 'packages/server'],
  sizes: ['node', 'scripts/check-sizes.mjs'],
  'installed packages': ['node', 'scripts/check-packed.mjs'],
};

let passed = 0;
const failed = [];
for (const [name, [command, ...args]] of Object.entries(checks)) {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (status === 0) {
    passed++;
    continue;
  }
  failed.push(name);
  console.log(stdout, stderr);
}
if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
