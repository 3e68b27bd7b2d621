// Bundles the benchmark, with our gateway's sources in it, so that no loader is measured.
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';

/** Builds into `dist/`. */
export async function buildBench() {
  await build({
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    entry: ['main.ts', 'client/main.ts', 'triggers/main.ts', 'servers/*.ts'],
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warn',
    config: false,
    clean: true,
    dts: false,
    sourcemap: true,
    fixedExtension: false,
    inputOptions: { resolve: { conditionNames: ['@mevrik/source', 'import', 'default'] } },
    deps: { neverBundle: [/^(?!@mevrik\/)[^./]/], onlyBundle: false },
  });
}
