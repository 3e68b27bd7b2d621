import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataDirInUseError, lockDirectory } from '../../packages/server/src/db/embedded-lock.ts';

/** Programs of the system that tests run, under the names they have, and how one gets them. */
const programs = {
  redis: {
    names: ['redis-server'],
    debianPackage: 'redis-server',
    hint: 'apt-get install redis-server, brew install redis',
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
    hint: 'apt-get install chromium, or put Google Chrome on PATH',
  },
} as const;
type Program = keyof typeof programs;

/**
 * Installs what is missing and can be had: as root on Debian and its kin. Once per machine, whoever asks first.
 * Elsewhere nothing happens, and only the tests that need the program fail.
 */
export async function installPrograms(): Promise<void> {
  const isMissing = (program: Program) => !find(program);
  const wanted = Object.keys(programs) as Program[];
  if (!wanted.some(isMissing) || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  const lock = await waitForLock(join(tmpdir(), 'mevrik-test-install'));
  try {
    const packages = wanted.filter(isMissing).map((program) => programs[program].debianPackage);
    if (packages.length === 0) return;
    console.log(`Installing ${packages.join(' and ')} …`);
    // RUNLEVEL=1 keeps a package from starting its own service.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args: string[]) => promisify(execFile)('apt-get', args, { env, maxBuffer: 64 * 2 ** 20 });
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', ...packages);
  } catch (error) {
    console.warn(`Not everything could be installed: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    await lock.release();
  }
}

/**
 * The path of a program.
 * @throws Error that says how to get it.
 */
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
