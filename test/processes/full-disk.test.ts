import { readFile } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { role } from '../../packages/server/src/db/embedded-data.ts';
import { readPostmaster } from '../../packages/server/src/db/embedded-postmaster.ts';
import { appEnv, cleanUp, history, startServer, stop, temporaryDataDir, visit } from '../support/server.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';

afterAll(cleanUp);

/** Writes to PostgreSQL's log until the disk is full, which ends PostgreSQL. @returns its last words. */
async function writeUntilFull(disk: SmallDisk, pid: number): Promise<unknown> {
  const run = disk.path(pid, 'postgres-run');
  const { port = 0 } = readPostmaster(disk.path(pid, 'postgres')) ?? {};
  const password = await readFile(`${run}/password`, 'utf8');
  const connection = { host: run, port, user: role, database: role, password: password.trim() };
  const database = openDatabase(connection, { maxConnections: 1, applicationName: 'filler' });
  try {
    for (;;) await database.sql`SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1000000))`;
  } catch (error) {
    return error;
  } finally {
    await database.close();
  }
}

it('a server refuses messages before its disk is full, and goes on by itself after a full disk has room again', async () => {
  const DATA_DIR = await temporaryDataDir();
  const disk = smallDisk(DATA_DIR, 200);
  const server = await startServer({ ...appEnv, DATA_DIR, DISK_RESERVE_MB: '20' }, disk.launcher);
  const pid = server.child.pid ?? 0;
  const visitor = await visit(server);
  const write = async (text: string) => {
    const { status, body } = await server.call('POST', '/v1/messages', {
      token: visitor.token,
      body: { text },
    });
    return { status, code: body.code };
  };
  const health = async () => {
    const { status, body } = await server.call('GET', '/readyz');
    return { status, hasRoom: body.parts.disk.ok };
  };
  const said = async () => (await history(server, visitor.token)).map(({ from, text }) => `${from}: ${text}`);
  expect(await write('opening hours')).toMatchObject({ status: 201 });
  await expect.poll(async () => (await said()).length).toBe(3);
  const before = await said();

  await disk.fill(pid, 10);
  await expect.poll(health).toEqual({ status: 200, hasRoom: false });
  expect(await write('no room')).toEqual({ status: 507, code: 'storage_full' });
  expect(await said()).toEqual(before);

  await disk.fill(pid);
  expect(await writeUntilFull(disk, pid)).toMatchObject({
    message: expect.stringContaining('No space left'),
  });
  await expect.poll(health).toEqual({ status: 503, hasRoom: false });
  expect(await write('no database')).toEqual({ status: 507, code: 'storage_full' });

  await disk.clear(pid);
  await expect.poll(health).toEqual({ status: 200, hasRoom: true });
  expect(await write('opening hours')).toMatchObject({ status: 201 });
  await expect.poll(said).toEqual([...before, before.at(-2), before.at(-1)]);
  expect(await stop(server)).toMatchObject({ code: 0 });
});
