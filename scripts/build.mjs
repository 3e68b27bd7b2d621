// Builds both packages into their dist folders.
import { cp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = join(root, 'packages');
const stamp = join(packages, 'server/dist/.built');

/** Builds everything anew. */
export async function buildAll() {
  const common = {
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warn',
    config: false,
    clean: true,
  };
  await build({
    ...common,
    cwd: join(packages, 'protocol'),
    entry: ['src/index.ts'],
    dts: true,
    fixedExtension: false,
  });
  const server = join(packages, 'server');
  await build({
    ...common,
    cwd: server,
    entry: ['src/main.ts', 'src/cli.ts'],
    dts: false,
    sourcemap: true,
    fixedExtension: false,
  });
  // Next to the bundle, where the code that reads them looks: beside itself.
  await cp(join(server, 'src/db/migrations'), join(server, 'dist/migrations'), { recursive: true });
  await cp(join(server, 'src/http/assets'), join(server, 'dist/assets'), { recursive: true });
  await writeFile(stamp, new Date().toISOString());
}

/** Builds only when a source, or what it is built from, is newer than the last build. */
export async function buildIfStale() {
  const built = await stat(stamp).then(
    (found) => found.mtimeMs,
    () => 0,
  );
  const inputs = [
    join(root, 'package-lock.json'),
    join(packages, 'protocol/src'),
    join(packages, 'server/src'),
  ];
  const newest = Math.max(...(await Promise.all(inputs.map(newestIn))));
  if (newest <= built) return;
  console.log('Building …');
  await rm(stamp, { force: true });
  await buildAll();
}

async function newestIn(path) {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = await readdir(path, { recursive: true });
  const times = await Promise.all(entries.map(async (entry) => (await stat(join(path, entry))).mtimeMs));
  return Math.max(found.mtimeMs, ...times);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
