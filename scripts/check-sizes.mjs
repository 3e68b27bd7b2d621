// Bundles what browsers load, as a page's build tools do, and compares the gzipped size with the budget.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));

/** KiB, gzipped. */
const budgets = { sdk: 10, widget: 30, desk: 320 };

/** The SDK with its dependencies, bundled into one file for browsers. */
async function packSdk() {
  const folder = mkdtempSync(join(tmpdir(), 'mevrik-size-'));
  try {
    await build({
      cwd: join(root, 'packages/client'),
      entry: ['dist/index.js'],
      outDir: folder,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      minify: true,
      deps: { alwaysBundle: [/.*/] },
      dts: false,
      config: false,
      logLevel: 'warn',
    });
    const [file, another] = readdirSync(folder);
    if (file === undefined || another !== undefined)
      throw new Error(`The SDK is not one file: ${readdirSync(folder)}`);
    return readFileSync(join(folder, file), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sdk = await packSdk();
if (/\bzod\b|ZodType/.test(sdk)) throw new Error('The SDK contains the schemas: import their types only.');
report('SDK', [sdk], budgets.sdk);
const built = (file) => readFileSync(join(root, 'packages/console/dist', file), 'utf8');
report('widget', [built('widget.js')], budgets.widget);
report('desk', deskFiles().map(built), budgets.desk);

/** The files that the desk loads before it renders: those of the page, and those that the desk's chunk imports. */
function deskFiles() {
  const assets = readdirSync(join(root, 'packages/console/dist/assets')).filter((file) =>
    /\.(js|css)$/.test(file),
  );
  const wanted = new Set(
    [...built('index.html').matchAll(/assets\/([\w.-]+\.(?:js|css))/g)].map(([, file]) => file),
  );
  for (const file of assets) if (/^desk-page-/.test(file)) wanted.add(file);
  for (const file of wanted) {
    if (!file.endsWith('.js')) continue;
    for (const [, next] of built(`assets/${file}`).matchAll(/from"\.\/([\w.-]+\.js)"/g)) wanted.add(next);
  }
  return [...wanted].map((file) => `assets/${file}`);
}

function report(name, files, budget) {
  const kib = files.reduce((sum, code) => sum + gzipSync(code).length, 0) / 1024;
  console.log(`${name}: ${kib.toFixed(1)} of ${budget} KiB`);
  if (kib > budget) process.exitCode = 1;
}
