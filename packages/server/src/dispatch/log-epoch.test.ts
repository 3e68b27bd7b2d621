import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, migratedDataDir, temporaryDatabase } from '../../../../test/support/server.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { startEmbedded } from '../db/embedded.ts';
import { renewEpoch } from './log-epoch.ts';

afterEach(cleanUp);

const quiet = { info: () => undefined, warn: (message: string) => console.warn(message) };

/** Starts PostgreSQL on a data directory, runs `work`, and stops it. */
async function onServer<Result>(
  dataDir: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const server = await startEmbedded({ dataDir, log: quiet });
  const database = openDatabase(server.connection, { maxConnections: 1, applicationName: 'test' });
  try {
    return await work(database);
  } finally {
    await database.close();
    await server.stop();
  }
}

async function epochOf({ sql }: Database): Promise<string | undefined> {
  await renewEpoch(sql);
  const [row] = await sql<{ epoch: string }[]>`SELECT epoch FROM log_epoch`;
  return row?.epoch;
}

describe('the epoch of the log', () => {
  it('stays when PostgreSQL restarts, and is renewed once when a server is promoted', async () => {
    const dataDir = await migratedDataDir();
    const first = await onServer(dataDir, epochOf);
    expect(await onServer(dataDir, epochOf)).toBe(first);
    // The server starts as a replica whose primary is gone, as in a fail-over.
    await writeFile(join(dataDir, 'postgres', 'standby.signal'), '');
    const promoted = await onServer(dataDir, async (database) => {
      await database.sql`SELECT pg_promote()`;
      return [await epochOf(database), await epochOf(database)];
    });
    expect(promoted[0]).not.toBe(first);
    expect(promoted[1]).toBe(promoted[0]);
    expect(await onServer(dataDir, epochOf)).toBe(promoted[0]);
  });

  it('is renewed once when the table comes from a dump, also by a role with few rights', async () => {
    const { connection } = await temporaryDatabase();
    const owner = openDatabase(connection, { maxConnections: 1, applicationName: 'test' });
    const role = `few_rights_${process.pid}`;
    await owner.sql.unsafe(
      `CREATE ROLE ${role}; GRANT SELECT, UPDATE ON log_epoch TO ${role}; SET ROLE ${role}`,
    );
    const first = await epochOf(owner);
    expect(await epochOf(owner)).toBe(first);
    // What loading a dump does.
    await owner.sql.unsafe(`
      RESET ROLE; ALTER TABLE log_epoch RENAME TO dumped; CREATE TABLE log_epoch (LIKE dumped INCLUDING ALL);
      INSERT INTO log_epoch SELECT * FROM dumped`);
    const restored = await epochOf(owner);
    expect(restored).not.toBe(first);
    expect(await epochOf(owner)).toBe(restored);
    await owner.sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await owner.close();
  });
});
