// `npm run types`: checks the types of all packages with the native compiler, which needs half the CPU time of the one
// written in JavaScript. That one stays for the tools that use its API. Both name their program `tsc`, hence the path.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript-native/bin/tsc', import.meta.url));

for (const project of ['tsconfig.json', 'packages/console', 'packages/widget']) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
