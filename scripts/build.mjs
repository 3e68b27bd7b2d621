// Builds the packages into their dist folders.
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = join(root, 'packages');
const stamp = join(packages, 'server/dist/.built');

/** Builds everything. */
export async function buildAll() {
  const common = {
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warn',
    config: false,
    clean: true,
    // Build timings are not worth a warning to someone who starts the product.
    inputOptions: { checks: { pluginTimings: false } },
  };
  await build({
    ...common,
    cwd: join(packages, 'protocol'),
    entry: { index: 'src/index.ts', topics: 'src/wire/topics.ts', text: 'src/api/text.ts' },
    dts: true,
    fixedExtension: false,
  });
  await build({
    ...common,
    cwd: join(packages, 'client'),
    platform: 'neutral',
    target: 'es2022',
    entry: ['src/index.ts'],
    dts: true,
    fixedExtension: false,
  });
  const server = join(packages, 'server');
  await build({
    ...common,
    cwd: server,
    entry: { main: 'src/main.ts', cli: 'src/cli/cli.ts' },
    // Both remove calls whose results are unused, such as `decodeURIComponent`, although the calls may throw.
    treeshake: false,
    minify: false,
    dts: false,
    sourcemap: true,
    fixedExtension: false,
  });
  // The bundle looks for these files in its own folder.
  await cp(join(server, 'src/db/migrations'), join(server, 'dist/migrations'), { recursive: true });
  await cp(join(server, 'src/http/pages/assets'), join(server, 'dist/assets'), { recursive: true });
  await buildConsoleIfStale();
  await cp(join(packages, 'console/dist'), join(server, 'dist/console'), { recursive: true });
  await writeFile(stamp, new Date().toISOString());
}

const consoleInputs = [
  'package-lock.json',
  'packages/protocol/src',
  'packages/client/src',
  'packages/console',
  'packages/widget',
].map((path) => join(root, path));

/** Builds the screens if a source is newer, and compresses each file with Brotli and gzip. */
export async function buildConsoleIfStale() {
  const dist = join(packages, 'console/dist');
  const sources = await Promise.all(consoleInputs.map((path) => newestIn(path, 'dist')));
  if (Math.max(...sources) <= (await modifiedAt(join(dist, 'index.html')))) return;
  const { build: buildPages } = await import('vite');
  const before = process.env.NODE_ENV;
  // Tests build too, with NODE_ENV=test; the screens are always built for production.
  process.env.NODE_ENV = 'production';
  await buildPages({
    root: join(packages, 'console'),
    configFile: join(packages, 'console/vite.config.ts'),
    logLevel: 'warn',
  });
  const assets = join(dist, 'assets');
  await mkdir(assets, { recursive: true });
  await buildPages(widgetConfig);
  if (before === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = before;
  const files = [...(await readdir(assets)).map((file) => join(assets, file)), join(dist, 'widget.js')];
  await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file);
      await writeFile(`${file}.br`, await promisify(brotliCompress)(content));
      await writeFile(`${file}.gz`, await promisify(gzip)(content));
    }),
  );
}

/** The widget is one script that contains everything it needs. */
const widgetConfig = {
  configFile: false,
  root: join(packages, 'widget'),
  logLevel: 'warn',
  resolve: { conditions: ['@mevrik/source', 'module', 'browser', 'import', 'default'] },
  build: {
    target: 'es2022',
    outDir: join(packages, 'console/dist'),
    emptyOutDir: false,
    lib: { entry: 'src/main.ts', formats: ['iife'], name: 'mevrikWidget', fileName: () => 'widget.js' },
  },
};

/** Builds only if a source or a build input is newer than the last build. */
export async function buildIfStale() {
  const built = await modifiedAt(stamp);
  const inputs = [...consoleInputs, join(packages, 'server/src'), fileURLToPath(import.meta.url)];
  const newest = Math.max(...(await Promise.all(inputs.map((path) => newestIn(path, 'dist')))));
  if (newest <= built) return;
  console.log('Building …');
  await rm(stamp, { force: true });
  await buildAll();
}

async function modifiedAt(path) {
  return stat(path).then(
    (found) => found.mtimeMs,
    // A file that does not exist is older than every other.
    () => 0,
  );
}

/** The latest modification time of a file, or of all files in a folder except subfolders named `without`. */
async function newestIn(path, without) {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = (await readdir(path, { withFileTypes: true })).filter(
    ({ name }) => name !== without && name !== 'node_modules',
  );
  const times = await Promise.all(entries.map(({ name }) => newestIn(join(path, name), without)));
  return Math.max(found.mtimeMs, ...times);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = { screens: buildConsoleIfStale, stale: buildIfStale };
  await (wanted[process.argv[2]] ?? buildAll)();
}
