// `npm run smoke:node -- 22 24`: starts the built server and runs the core tests on other Node lines. Each line's Node
// comes from the npm package `node`, installed into a temporary folder.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build.mjs';
import { smokeServer } from './smoke-server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** A conversation from the first message to the survey, and everything about the protocol. */
const coreTests = ['test/flow.test.ts', 'packages/protocol'];
const lines = process.argv.slice(2);
if (lines.length === 0 || lines.some((line) => !/^\d+(\.\d+)*$/.test(line))) {
  console.error('Usage: npm run smoke:node -- 22 24');
  process.exit(2);
}

await buildIfStale();
let failures = 0;
for (const line of lines) {
  const folder = mkdtempSync(join(tmpdir(), `mevrik-node-${line}-`));
  try {
    const node = installNode(line, folder);
    console.log(`── Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`);
    await smokeServer({
      node,
      program: 'packages/server/dist/main.js',
      cwd: root,
      dataDir: join(folder, 'data'),
      paths: ['/readyz', '/desk', '/widget.js'],
    });
    console.log('✓ started, ready, stopped');
    runCoreTests(node);
    console.log('✓ core tests');
  } catch (error) {
    failures++;
    console.error(`✗ Node ${line}: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${lines.length - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;

/** Installs the newest Node of a line, and returns the path of its binary. */
function installNode(line, folder) {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', `node@${line}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(folder, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The processes that the tests start run on the same Node, since it comes first on PATH. */
function runCoreTests(node) {
  execFileSync(node, ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...coreTests], {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    stdio: 'inherit',
  });
}
