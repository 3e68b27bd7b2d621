import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../packages/server/src/db/embedded.ts';
import { migrate } from '../packages/server/src/db/migrate.ts';

/**
 * An embedded PostgreSQL with the product's settings and tables, in a temporary folder.
 *
 * @param kept a folder that is used instead, and is not deleted.
 */
export async function startOwnDatabase(kept?: string) {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'mevrik-bench-')));
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o711); // as root, PostgreSQL runs as another user
  const embedded = await startEmbedded({
    dataDir: folder,
    log: { info() {}, warn: (message) => console.error(message) },
  });
  await migrate(embedded.connection);
  return {
    url: embedded.url,
    connection: embedded.connection,
    dataDir: embedded.dataDir,
    async stop() {
      await embedded.stop();
      if (kept === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
