// `npm run bench:gateway`: measures the gateway beside its peers, and writes results.md. Needs Linux.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../scripts/build.mjs';
import { buildBench } from './build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
}
// The whole product is measured in its workers, the gateway's own code everywhere else.
await buildIfStale();
await buildBench();
await import('./dist/main.js');
