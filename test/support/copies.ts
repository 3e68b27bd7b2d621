import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Copies files and directories into a directory with their owners, modes and links, as `cp` of node:fs does not. */
export async function copyFiles(paths: readonly string[], directory: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', ...paths, directory]);
}

/** Copies the database of a data directory, in which PostgreSQL is stopped, to another data directory. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  // The files of PostgreSQL, which belong to its user, and the password to them.
  await copyFiles([join(from, 'postgres'), join(from, 'postgres-run')], to);
}
