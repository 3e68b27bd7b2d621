import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import type { DatabaseTarget } from '../../packages/server/src/db/database-target.ts';
import { createTestDatabase } from './database.ts';
import { startRedis } from './redis.ts';

describe('createTestDatabase', () => {
  it('clones the migrated template, apart from every other clone', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const { sql, close } = open(one.connection);
    await sql`CREATE TABLE only_here (id int)`;
    const [row] =
      await sql`SELECT count(*)::int AS tables FROM information_schema.tables WHERE table_schema = 'public'`;
    expect(row?.tables).toBeGreaterThan(1);
    await close();
    const other = open(two.connection);
    await expect(other.sql`SELECT FROM only_here`).rejects.toMatchObject({ code: '42P01' });
    await other.close();
    await Promise.all([one.drop(), two.drop()]);
  });

  it('reports a connection that was left open', async () => {
    const database = await createTestDatabase();
    const { sql, close } = open(database.connection, 'forgotten');
    await sql`SELECT 1`;
    await expect(database.drop()).rejects.toThrow('application_name "forgotten"');
    await close();
  });

  it('lets a test that kills processes leave connections', async () => {
    const database = await createTestDatabase({ allowLeaks: true });
    const { sql, close } = open(database.connection);
    await sql`SELECT 1`;
    await database.drop();
    await close();
  });
});

describe('startRedis', () => {
  it('responds, and restarts on the same port', async () => {
    const redis = await startRedis();
    expect(await ping(redis.url)).toBe('+PONG');
    await redis.restart();
    expect(await ping(redis.url)).toBe('+PONG');
    await redis.stop();
    await expect(ping(redis.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

async function ping(url: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  await once(socket, 'connect');
  socket.write('PING\r\n');
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer).trim();
}

function open(connection: DatabaseTarget, applicationName = 'test') {
  return openDatabase(connection, { maxConnections: 1, applicationName });
}
