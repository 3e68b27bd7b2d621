// Packs the packages, installs them in an empty folder as a user would, and runs the server and the command line.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const startWithinMs = 60_000;
const published = ['@mevrik/protocol', '@mevrik/client', '@mevrik/server'];
/** What the installed server must have: itself, the screens, the widget. */
const addresses = ['/readyz', '/desk', '/widget.js'];
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
  await serve();
  console.log('Packed, installed, started, stopped.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Starts the installed server on the embedded database, asks whether it is ready, and stops it. */
async function serve() {
  const server = spawn(process.execPath, ['node_modules/@mevrik/server/dist/main.js'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  const overdue = setTimeout(() => server.kill('SIGKILL'), startWithinMs);
  const address = await Promise.race([addressOf(server.stdout), exited]);
  if (typeof address !== 'string') throw new Error('The server ended before it was ready.');
  clearTimeout(overdue);
  const statuses = await Promise.all(addresses.map(async (path) => (await fetch(address + path)).status));
  server.kill('SIGINT');
  const [code] = await exited;
  const isWell = code === 0 && statuses.every((status) => status === 200);
  if (!isWell) throw new Error(`${addresses} answered ${statuses}; it ended with ${code}.`);
}

async function addressOf(output) {
  for await (const line of createInterface(output)) {
    const address = /running at (http:\/\/\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  return undefined;
}

function run(cwd, command, ...args) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
