import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channelAdapters } from '../../packages/server/src/compose/channels.ts';
import { quick } from '../support/facebook.ts';
import { type GuideAdapter, loadGuideAdapter } from '../support/guide-adapter.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { typeErrors } from '../support/type-errors.ts';

const settings = { number: '+8801700000000', secret: 'a-secret-of-16-or-more' };

const sent: Record<string, string>[] = [];
const provider = createServer(async (request, response) => {
  const isKnown = request.headers.authorization === `Bearer ${settings.secret}`;
  if (isKnown) sent.push((await json(request)) as Record<string, string>);
  response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: `out-${sent.length}` }));
});

let example: GuideAdapter;
let product: TestProduct;
let agent: Employed;
beforeAll(async () => {
  example = await loadGuideAdapter();
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  product = await startTestProduct({}, (services) => [...channelAdapters(services), example.adapter]);
  agent = await product.employ();
  const admin = await product.employ({ role: 'admin' });
  const apiUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const channel = { kind: 'textline', settings: { ...settings, apiUrl } };
  expect((await admin.call('PUT', '/v1/admin/apps/1/channels/texts', channel)).status).toBe(200);
  await admin.call('PATCH', '/v1/admin/apps/1', {
    settings: { welcome: false, caseOpenedText: 'In line.', delivery: quick },
  });
  await admin.call('PUT', '/v1/admin/apps/1/rules', {
    rules: [{ name: 'all', when: 'true', action: 'queue' }],
  });
});
afterAll(async () => {
  await product.stop();
  provider.close();
  example.remove();
});

function webhook(body: object, secret = settings.secret) {
  const text = JSON.stringify(body);
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return product.call('POST', `/webhooks/textline/${product.app.key}/texts`, {
    headers: { 'content-type': 'application/json', 'x-textline-signature': signature },
    body: text,
  });
}

describe('the adapter in the guide', () => {
  it('compiles with the project’s compiler options', async () => {
    expect(await typeErrors(example.folder, [example.file])).toEqual([]);
  });

  it('receives a message by its webhook and sends an agent’s reply', async () => {
    const message = {
      id: 'in-1',
      from: '+8801800000000',
      text: 'Is it open today?',
      at: '2026-01-01T12:00:00Z',
    };
    const body = { to: settings.number, messages: [{ nonsense: true }, message, message] };
    expect((await webhook(body, 'not the secret, surely')).status).toBe(401);
    expect((await webhook(body)).status).toBe(200);
    expect((await webhook(body)).status).toBe(200);
    const sessions = () => product.database.sql<{ id: number }[]>`
      SELECT id::int FROM sessions WHERE channel = 'texts' AND path <> 'bot'`;
    await expect.poll(async () => (await sessions()).length).toBe(1);
    const [session] = await sessions();
    await agent.call('POST', `/v1/sessions/${session?.id}/replies`, { text: 'Until six' });
    await expect.poll(() => sent.map(({ text }) => text)).toEqual(['In line.', 'Until six']);
    expect(sent[1]).toMatchObject({ to: '+8801800000000', from: settings.number, key: expect.any(String) });
    const received = await product.database
      .sql`SELECT id FROM messages WHERE channel = 'texts' AND NOT is_reply`;
    expect(received, 'once').toHaveLength(1);
  });
});
