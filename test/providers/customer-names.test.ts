import { signWebhook } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStream } from '../../scripts/demo/event-stream.ts';
import { type FacebookProduct, startFacebook } from '../support/facebook.ts';
import type { Employed } from '../support/product.ts';

const account = {
  accountId: '17841400000000001',
  appSecret: 'the secret of the app',
  verifyToken: 'a token to verify',
  accessToken: 'the token of the account',
};

let product: FacebookProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startFacebook();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

async function customerOf(session: number): Promise<{ id: number; name: string | null }> {
  return (await admin.call('GET', `/v1/sessions/${session}/conversation`)).body.customer;
}
const nameOf = async (session: number) => (await customerOf(session)).name;
const looksUp = (id: string) => () =>
  product.graph.requests.filter((request) => request === `GET /${id}`).length;

describe('a customer without a name', () => {
  it('on Messenger gets the name of their profile, and the desk is updated', async () => {
    const desk = await openEventStream(product.url, {
      key: product.app.key,
      token: admin.token,
      channels: ['private-sessions'],
    });
    product.graph.introduce({ id: 'psid-1', first_name: 'Amina', last_name: 'Diallo' });
    const session = await product.writes('psid-1', 'hello');
    await expect.poll(() => nameOf(session)).toBe('Amina Diallo');
    const { id } = await customerOf(session);
    await desk.until('the name', ({ event, data }) => event === 'customer_changed' && data.customerId === id);
    desk.stop();
    await product.writes('psid-1', 'it is me again');
    expect(looksUp('psid-1')()).toBe(1);
  });

  it('on Instagram gets the name of their profile, else their username', async () => {
    const path = '/v1/admin/apps/1/channels/gram';
    await admin.call('PUT', path, { kind: 'instagram', settings: account });
    product.graph.introduce({ id: 'igsid-1', username: 'amina.d' });
    const messaging = [
      {
        sender: { id: 'igsid-1' },
        recipient: { id: account.accountId },
        timestamp: Date.now(),
        message: { mid: 'gram.1', text: 'hello' },
      },
    ];
    const body = { object: 'instagram', entry: [{ id: account.accountId, time: Date.now(), messaging }] };
    const answer = await product.call(
      'POST',
      `/webhooks/instagram/${product.app.key}/gram`,
      signWebhook(body, account.appSecret),
    );
    expect(answer.status).toBe(200);
    const name = async () => {
      const [row] = await product.database.sql`
        SELECT name FROM customers JOIN contact_identities ON customer_id = customers.id
        WHERE contact_id = 'igsid-1'`;
      return row?.name;
    };
    await expect.poll(name).toBe('amina.d');
  });

  it('stays unnamed if Meta returns no name, and the conversation continues', async () => {
    product.graph.conceal('psid-2');
    const session = await product.writes('psid-2', 'hello');
    await expect.poll(looksUp('psid-2')).toBe(1);
    const message = await product.replies(session, 'Hello there');
    await expect.poll(async () => (await product.deliveryOf(message)).status).toBe('sent');
    expect(await nameOf(session)).toBeNull();
  });

  it('keeps a name that an agent has entered in the meantime', async () => {
    const session = await product.writes('psid-3', 'hello');
    await expect.poll(looksUp('psid-3')).toBe(1);
    const { id } = await customerOf(session);
    await admin.call('PATCH', `/v1/customers/${id}`, { name: 'The tall one' });
    product.graph.introduce({ id: 'psid-3', first_name: 'Bo', last_name: 'Berg' });
    const { sql } = product.database;
    const job = JSON.stringify({ customerId: id });
    await sql`SELECT graphile_worker.add_job('fetch-name', ${job}::json, job_key := 'again')`;
    const isDone = async () => (await sql`SELECT FROM graphile_worker.jobs WHERE key = 'again'`).length === 0;
    await expect.poll(isDone).toBe(true);
    expect(await nameOf(session)).toBe('The tall one');
  });
});
