import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin', name: 'Ada' });
  await admin.call('PUT', '/v1/admin/apps/1/rules', {
    rules: [
      {
        name: 'billing',
        when: 'message.text.contains("invoice")',
        action: 'queue',
        queue: 'billing',
        skills: ['billing'],
      },
      { name: 'rest', when: 'true', action: 'queue', queue: 'support' },
    ],
  });
});
afterAll(() => product.stop());

const look = async (who = admin) => (await who.call('GET', '/v1/admin/queues')).body;
const ofQueue = async (queue: string) =>
  (await look()).queues.find((one: { queue: string }) => one.queue === queue);

it('reports waiting conversations, times and skills of each queue, and the capacity of agents', async () => {
  expect(await look()).toEqual({ queues: [], agents: [] });
  const [first, second] = [await product.visit(), await product.visit()];
  await first.write('my invoice is wrong');
  await second.write('hello');
  await expect.poll(async () => (await look()).queues.length).toBe(2);
  expect(await ofQueue('billing')).toMatchObject({
    appId: 1,
    waiting: 1,
    waitingSince: expect.any(String),
    served: 0,
    accepted: 0,
    meanWaitSeconds: null,
    skills: { billing: 1 },
  });
  const kim = await product.employ({ name: 'Kim', skills: ['billing'], capacity: 3 });
  await kim.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  expect((await look()).agents).toEqual([
    { id: kim.id, name: 'Kim', availability: 'online', skills: ['billing'], capacity: 3, serving: 0 },
  ]);
  const { items } = (await kim.call('GET', '/v1/queue-items?queue=billing')).body;
  expect((await kim.call('POST', `/v1/queue-items/${items[0].id}/accept`)).status).toBe(200);
  expect(await ofQueue('billing')).toMatchObject({
    waiting: 0,
    waitingSince: null,
    served: 1,
    accepted: 1,
    skills: {},
  });
  expect((await look()).agents).toMatchObject([{ name: 'Kim', serving: 1 }]);
});

it('shows supervisors their own apps only, and is forbidden for agents', async () => {
  const { id } = (await admin.call('POST', '/v1/admin/apps', { name: 'Other' })).body;
  const other = await product.employ({ role: 'supervisor', appIds: [id] });
  expect(await look(other)).toEqual({ queues: [], agents: [] });
  const agent = await product.employ();
  expect((await agent.call('GET', '/v1/admin/queues')).status).toBe(403);
});
