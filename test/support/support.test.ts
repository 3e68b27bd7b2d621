import { once } from 'node:events';
import { connect } from 'node:net';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from './database.ts';
import { startRedis } from './redis.ts';

describe('createTestDatabase', () => {
  it('clones the migrated template, apart from every other clone', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const sql = postgres({ ...one.connection, max: 1 });
    await sql`CREATE TABLE only_here (id int)`;
    const [row] =
      await sql`SELECT count(*)::int AS tables FROM information_schema.tables WHERE table_schema = 'public'`;
    expect(row?.tables).toBeGreaterThan(1);
    await sql.end();
    const other = postgres({ ...two.connection, max: 1 });
    await expect(other`SELECT FROM only_here`).rejects.toMatchObject({ code: '42P01' });
    await other.end();
    await Promise.all([one.drop(), two.drop()]);
  });

  it('names a connection that was left open', async () => {
    const database = await createTestDatabase();
    const sql = postgres({ ...database.connection, max: 1, connection: { application_name: 'forgotten' } });
    await sql`SELECT 1`;
    await expect(database.drop()).rejects.toThrow('application_name "forgotten"');
    await sql.end();
  });

  it('lets a test that kills processes leave connections', async () => {
    const database = await createTestDatabase({ allowLeaks: true });
    const sql = postgres({ ...database.connection, max: 1 });
    await sql`SELECT 1`;
    await database.drop();
    await sql.end();
  });
});

describe('startRedis', () => {
  it('answers, and comes back on the same port', async () => {
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
