import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Below the packages that the bundles import. */
const bundleDir = join(root, 'node_modules', '.mevrik-test', String(process.pid));
const bundles = new Map<string, Promise<string>>();
process.once('exit', () => rmSync(bundleDir, { recursive: true, force: true }));

/** Starts a TypeScript file as its own process and waits for its first message. */
export async function startProcess(file: string, env: Record<string, string>): Promise<ChildProcess> {
  const child = fork(await bundled(file), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${file} ended before it had started: ${code ?? signal}`);
  });
  // The race below reports it; afterwards the exit is expected.
  exited.catch(() => {});
  await Promise.race([once(child, 'message'), exited]);
  return child;
}

/**
 * Bundles a file with our sources once: a process that compiles them at each start takes two seconds of CPU
 * time. @returns the bundle.
 */
export function bundled(file: string): Promise<string> {
  const known = bundles.get(file);
  if (known) return known;
  const name = basename(file, '.ts');
  const made = build({
    cwd: root,
    entry: { [name]: file },
    outDir: join(bundleDir, name),
    inputOptions: { resolve: { conditionNames: ['@mevrik/source', 'node', 'import'] } },
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    deps: { alwaysBundle: [/^@mevrik\//], neverBundle: [/^(?!@mevrik\/)[^./]/] },
    dts: false,
    config: false,
    logLevel: 'warn',
  }).then(() => join(bundleDir, name, `${name}.mjs`));
  bundles.set(file, made);
  return made;
}

/** Kills a process as a power cut would, and waits until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
