// Packs the packages, installs them in an empty folder as a user would, and runs the server and the command line.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { smokeServer } from './smoke-server.mjs';

const published = ['@mevrik/protocol', '@mevrik/client', '@mevrik/server'];
/** What the installed server must have: itself, the screens, the widget. */
const paths = ['/readyz', '/desk', '/widget.js'];
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mevrik-packed-'));

try {
  const packed = JSON.parse(
    run(
      root,
      'npm',
      'pack',
      '--json',
      ...published.flatMap((name) => ['-w', name]),
      '--pack-destination',
      folder,
    ),
  ).map(({ filename }) => join(folder, filename));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packed);
  const help = run(folder, 'npx', 'mevrik', '--help');
  if (!help.includes('dead-letters')) throw new Error(`mevrik --help said:\n${help}`);
  await smokeServer({
    program: 'node_modules/@mevrik/server/dist/main.js',
    cwd: folder,
    dataDir: join(folder, 'data'),
    paths,
  });
  console.log('Packed, installed, started, stopped.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(cwd, command, ...args) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
