import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataDirInUseError, lockDirectory } from '../../packages/server/src/db/embedded-lock.ts';

/** System programs that tests run, with their names and packages. */
const programs = {
  redis: {
    names: ['redis-server'],
    debianPackages: ['redis-server'],
    hint: 'apt-get install redis-server, brew install redis',
  },
  chromium: {
    // The headless shell draws no window: the same pages take half of the CPU time.
    names: [
      'chromium-headless-shell',
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
    ],
    // Older releases have no package of the shell.
    debianPackages: ['chromium-headless-shell', 'chromium'],
    hint: 'apt-get install chromium-headless-shell (or chromium), or put Google Chrome on PATH',
  },
} as const;
type Program = keyof typeof programs;

/**
 * Installs missing programs where possible: as root on Debian and its derivatives, once per machine.
 * Elsewhere it does nothing, and only the tests that need the program fail.
 */
export async function installPrograms(): Promise<void> {
  const isMissing = (program: Program) => !find(program);
  const wanted = Object.keys(programs) as Program[];
  if (!wanted.some(isMissing) || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  const lock = await waitForLock(join(tmpdir(), 'mevrik-test-install'));
  try {
    // RUNLEVEL=1 keeps a package from starting its own service.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args: string[]) => promisify(execFile)('apt-get', args, { env, maxBuffer: 64 * 2 ** 20 });
    const missing = wanted.filter(isMissing);
    if (missing.length === 0) return;
    console.log(`Installing ${missing.join(' and ')} …`);
    await apt('update');
    for (const program of missing) {
      await firstThatWorks(programs[program].debianPackages, (name) =>
        apt('install', '-y', '--no-install-recommends', name),
      );
    }
  } catch (error) {
    console.warn(`Not everything could be installed: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    await lock.release();
  }
}

async function firstThatWorks(names: readonly string[], install: (name: string) => Promise<unknown>) {
  for (const [index, name] of names.entries()) {
    try {
      return await install(name);
    } catch (error) {
      if (index === names.length - 1) throw error;
    }
  }
}

/** The path of a program. @throws Error that says how to install it. */
export function requireProgram(program: Program): string {
  const path = find(program);
  if (path) return path;
  const { names, hint } = programs[program];
  throw new Error(`${names[0]} is not on PATH. Install it: ${hint}.`);
}

function find(program: Program): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return programs[program].names
    .flatMap((name) => directories.map((directory) => join(directory, name)))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not executable.
    return false;
  }
}

async function waitForLock(directory: string) {
  for (;;) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if (!(error instanceof DataDirInUseError)) throw error;
      await delay(250);
    }
  }
}
