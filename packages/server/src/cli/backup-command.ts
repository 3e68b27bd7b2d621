import { resolve } from 'node:path';
import { writeAudit } from '../audit/audit.ts';
import type { Manifest } from '../backup/manifest.ts';
import { restoreBackup } from '../backup/restore-backup.ts';
import { writeBackup } from '../backup/write-backup.ts';
import { fileStoreOf } from '../compose/files.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { openDatabase } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { findEmbedded, hasEmbedded, startEmbedded } from '../db/embedded.ts';
import { counted, terminalLog, UsageError } from './output.ts';
import { actorHere } from './run-command.ts';

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

/** A parsed `mevrik backup` or `mevrik restore`. */
export interface BackupCommand {
  readonly act: 'backup' | 'restore';
  readonly directory: string;
  readonly withoutAttachments: boolean;
}

/** Parses the arguments of `mevrik backup` and `mevrik restore`. @throws UsageError. */
export function readBackupCommand(
  [act, directory, extra]: readonly string[],
  options: { readonly 'without-attachments'?: boolean | undefined },
): BackupCommand {
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`);
  const withoutAttachments = options['without-attachments'] ?? false;
  if (act === 'backup') {
    const now = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    return { act, directory: resolve(directory ?? `mevrik-backup-${now}`), withoutAttachments };
  }
  if (directory === undefined) {
    throw new UsageError('Missing directory of the backup. Usage: mevrik restore <directory>');
  }
  if (withoutAttachments) throw new UsageError('--without-attachments is an option of mevrik backup.');
  return { act: 'restore', directory: resolve(directory), withoutAttachments };
}

/** Runs the command on the database of the settings, until it is done or the process is asked to stop. */
export async function runBackupCommand(command: BackupCommand): Promise<void> {
  const config = loadConfig(process.env);
  const { target, release } = await reach(config, command.act);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of stopSignals) process.once(signal, stop);
  try {
    const run = command.act === 'backup' ? backUp : restore;
    await run(config, command, { target, signal: stopping.signal });
    await record(target, command);
  } finally {
    for (const signal of stopSignals) process.off(signal, stop);
    await release();
  }
}

/** The database: of the settings, or the embedded one, started if no server runs on it. */
async function reach(
  { DATABASE_URL: url, DATA_DIR: dataDir }: Config,
  act: BackupCommand['act'],
): Promise<{ target: DatabaseTarget; release: () => Promise<void> }> {
  if (url !== null) return { target: url, release: async () => {} };
  const log = terminalLog;
  const running = act === 'backup' ? await findEmbedded({ dataDir, log }) : undefined;
  if (running) return { target: running, release: async () => {} };
  if (act === 'backup' && !(await hasEmbedded({ dataDir, log }))) {
    throw new UsageError(`There is no database in ${dataDir}. Set DATA_DIR or DATABASE_URL.`);
  }
  const embedded = await startEmbedded({ dataDir, log });
  return { target: embedded.connection, release: () => embedded.stop() };
}

interface Run {
  readonly target: DatabaseTarget;
  readonly signal: AbortSignal;
}

async function backUp(
  config: Config,
  { directory, withoutAttachments }: BackupCommand,
  run: Run,
): Promise<void> {
  const store = withoutAttachments ? null : fileStoreOf(config);
  const manifest = await writeBackup({ ...run, store, directory });
  console.log(`Backed up ${contentsOf(manifest)} to ${directory}`);
  const missing = manifest.attachments?.missing ?? 0;
  if (missing > 0) {
    console.error(
      `Warning: ${counted(missing, 'attachment')} of messages not found and missing from the backup.`,
    );
  }
}

async function restore(config: Config, { directory }: BackupCommand, run: Run): Promise<void> {
  const { manifest, lost } = await restoreBackup({ ...run, directory, store: fileStoreOf(config) });
  console.log(`Restored ${contentsOf(manifest)} as of ${manifest.createdAt}`);
  if (manifest.attachments === null) console.error('The backup was written without attachments.');
  if (lost > 0) {
    console.error(
      `Warning: ${counted(lost, 'attachment')} of messages missing or damaged in the backup and not restored.`,
    );
  }
}

function contentsOf({ tables, attachments }: Manifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0) + (attachments?.bytes ?? 0);
  const kibibytes = new Intl.NumberFormat('en').format(Math.ceil(bytes / 1024));
  return `${counted(rows, 'row')} and ${counted(attachments?.files ?? 0, 'attachment')} (${kibibytes} KiB)`;
}

/** Both are of interest to an auditor: a backup contains everything, and a restore replaces it. */
async function record(target: DatabaseTarget, { act, directory }: BackupCommand): Promise<void> {
  const database = openDatabase(target, { maxConnections: 1, applicationName: 'mevrik cli' });
  try {
    const entry = { appId: null, actor: actorHere(), action: `database.${act}`, target: directory };
    await writeAudit(database.sql, entry);
  } finally {
    await database.close();
  }
}
