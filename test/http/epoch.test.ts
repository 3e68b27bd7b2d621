import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createDiskStore } from '../../packages/server/src/attachments/disk-store.ts';
import { restoreBackup } from '../../packages/server/src/backup/restore-backup.ts';
import { writeBackup } from '../../packages/server/src/backup/write-backup.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  callerOf,
  startSecondNode,
  startTestProduct,
  type TestProduct,
  type Visitor,
} from '../support/product.ts';

let product: TestProduct;
const cleanups: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  product = await startTestProduct();
});
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});
afterAll(() => product.stop());

const subscription = ({ sessionId }: Visitor) => ({
  socket_id: '1.1',
  channel_name: `private-session${sessionId}`,
});

/** A backup of the product as it is now. */
async function backUp() {
  const directory = join(await mkdtemp(join(tmpdir(), 'mevrik-backup-')), 'backup');
  cleanups.push(() => rm(directory, { recursive: true }));
  const store = createDiskStore(join(product.dataDir, 'attachments'));
  await writeBackup({ target: { url: product.databaseUrl }, store, directory });
  return directory;
}

/** The product on a database restored from a backup. */
async function restore(directory: string) {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  const dataDir = join(directory, randomUUID());
  await restoreBackup({ directory, target: { url: database.url }, store: createDiskStore(dataDir) });
  const node = await startSecondNode({ databaseUrl: database.url, dataDir });
  cleanups.push(() => node.stop());
  return callerOf(node.url);
}

it('after a restore, the token of a visitor whom the backup lacks does not open the data of their successor', async () => {
  const known = await product.visit({ profile: { name: 'Kim' } });
  const directory = await backUp();
  const lost = await product.visit({ profile: { name: 'Lena' } });
  expect((await lost.call('GET', '/v1/me')).body.customer.name).toBe('Lena');

  const call = await restore(directory);
  const profile = { name: 'Rita' };
  const { body } = await call('POST', '/v1/visitors', { body: { appKey: product.app.key, profile } });
  // They get the ids of the lost visitor, since the sequences are those of the backup.
  expect([body.customer.id, body.session.id]).toEqual([lost.id, lost.sessionId]);
  for (const { token } of [lost, known]) {
    const rejected = { status: 401, body: { code: 'token_expired' } };
    expect(await call('GET', '/v1/me', { token })).toMatchObject(rejected);
    const channel = { token, body: subscription(lost) };
    expect(await call('POST', '/broadcasting/auth', channel)).toMatchObject(rejected);
  }
  expect((await call('GET', '/v1/me', { token: body.accessToken })).body.customer.name).toBe('Rita');

  // A visitor whom the backup has renews the token, as after its expiry; the other one starts a new visit.
  const renew = async ({ refreshToken }: Visitor) =>
    call('POST', '/v1/visitors/refresh', { body: { refreshToken } });
  expect((await renew(lost)).status).toBe(401);
  const renewed = (await renew(known)).body;
  expect((await call('GET', '/v1/me', { token: renewed.accessToken })).body.customer.name).toBe('Kim');
});

it('after a fail-over, tokens of visitors are renewed once; until then a node that starts accepts them', async () => {
  const [visitor, agent] = [await product.visit(), await product.employ()];
  const node = await startSecondNode(product);
  cleanups.push(() => node.stop());
  const { token } = visitor;
  let { refreshToken } = visitor;
  expect((await callerOf(node.url)('GET', '/v1/me', { token })).status).toBe(200);
  expect((await visitor.call('GET', '/v1/me')).status).toBe(200);

  await product.database.sql`UPDATE log_epoch SET epoch = gen_random_uuid()`;
  for (const url of [product.url, node.url]) {
    const call = callerOf(url);
    await expect.poll(async () => (await call('GET', '/v1/me', { token })).body.code).toBe('token_expired');
    const renewed = await call('POST', '/v1/visitors/refresh', { body: { refreshToken } });
    const me = await call('GET', '/v1/me', { token: renewed.body.accessToken });
    expect([renewed.status, me.status, me.body.customer.id]).toEqual([200, 200, visitor.id]);
    refreshToken = renewed.body.refreshToken;
  }
  // The login of an agent is looked up in the database.
  expect((await agent.call('GET', '/v1/agents/me')).status).toBe(200);
});
