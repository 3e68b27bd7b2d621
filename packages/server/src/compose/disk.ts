import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { type DiskSpace, watchDiskSpace } from '../observe/disk-space.ts';
import type { Log } from '../observe/log.ts';
import type { Teardown } from './teardown.ts';

/** Watches the disks that hold the embedded database and the attachments. */
export async function watchDisk(
  config: Config,
  { sql }: Database,
  log: Log,
  teardown: Teardown,
): Promise<DiskSpace> {
  const directories: string[] = [];
  if (config.DATABASE_URL === null) {
    const [row] = await sql<{ directory: string }[]>`SELECT current_setting('data_directory') AS directory`;
    if (row) directories.push(row.directory);
  }
  if (config.S3_ENDPOINT === null) directories.push(resolve(config.DATA_DIR));
  const disk = await watchDiskSpace({
    directories,
    reserveBytes: config.DISK_RESERVE_MB * 1_048_576,
    log,
  });
  teardown.add('the watch over the disk', () => disk.stop());
  return disk;
}
