// `npm run bench:gateway`: measures the gateway beside its peers, and writes results.md. Needs Linux on x64.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../scripts/build.mjs';
import { buildBench } from './build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
}
// The worker scenario measures the whole product; all others measure the gateway's own code.
await buildIfStale();
await buildBench();
await import('./dist/main.js');
