import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { DatabaseUnusableError } from './unusable.ts';

/** The system user PostgreSQL runs as; empty for an ordinary user, who runs it as itself. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root, so root runs it as the owner of the existing data, else as `postgres`,
 * else as `nobody`, else as a user created for it.
 */
export function chooseUser(existingData: string): RunAs {
  if (process.getuid?.() !== 0) return {};
  if (existsSync(existingData)) {
    const { uid, gid } = statSync(existingData);
    if (uid !== 0) return { uid, gid };
  }
  const user = systemUser('postgres') ?? systemUser('nobody') ?? createUser('mevrik');
  if (user) return user;
  throw new DatabaseUnusableError(
    'PostgreSQL does not run as root, and no unprivileged user was found or could be created. ' +
      'Start as an ordinary user, create a user named "postgres", or set DATABASE_URL.',
  );
}

function systemUser(name: string): RunAs | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    // No such user.
    return undefined;
  }
}

function createUser(name: string): RunAs | undefined {
  spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  return systemUser(name);
}

/** Whether that user can enter the directory. The kernel decides, so that ACLs and mounts count. */
export function canEnter(user: RunAs, directory: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], {
    ...user,
    cwd: '/',
    stdio: 'ignore',
  });
  return status === 0;
}
