import { createHmac } from 'node:crypto';
import { signWebhook } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FacebookProduct, page, startFacebook } from '../support/facebook.ts';
import type { Employed } from '../support/product.ts';

let product: FacebookProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startFacebook();
  admin = await product.employ({ role: 'admin' });
  const put = async (name: string, settings: object) =>
    expect(
      (await admin.call('PUT', `/v1/admin/apps/1/channels/${name}`, { kind: 'facebook', settings })).status,
    ).toBe(200);
  await put('second', { ...page, pageId: '901' });
  await put('of-another-app', { ...page, pageId: '902', appSecret: 'another-app-secret-99' });
});
afterAll(() => product.stop());

const says = (text: string, pageId: string) => ({
  sender: { id: `for-${pageId}` },
  recipient: { id: pageId },
  timestamp: Date.now(),
  message: { mid: `m ${text} ${pageId}`, text },
});
const entry = (pageId: string, ...messaging: unknown[]) => ({ id: pageId, time: Date.now(), messaging });
const textsIn = async (key: string) =>
  (
    await product.database.sql`
      SELECT content ->> 'text' AS text FROM messages WHERE conversation_key = ${key} AND NOT is_reply ORDER BY id`
  ).map(({ text }) => text);
const webhookEvents = async (query: string) =>
  (await admin.call('GET', `/v1/admin/webhook-events?${query}`)).body;

/** Posts bytes with a valid signature. */
function post(body: string) {
  const signature = createHmac('sha256', page.appSecret).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  return fetch(`${product.url}/webhooks/facebook/${product.app.key}/page`, { method: 'POST', headers, body });
}

describe('a body with events of several pages', () => {
  it('delivers each to its channel, and loses none to a malformed one', async () => {
    const body = {
      object: 'page',
      entry: [
        null,
        entry('900', says('to the first', '900'), 'no event', says('and again', '900')),
        { id: { no: 'number' }, messaging: [] },
        { id: '901', time: 'late', messaging: 'no list', changes: [{ field: 'feed', value: null }] },
        entry('901', { sender: 7 }, says('to the second', '901')),
        entry('902', says('signed by the wrong app', '902')),
        entry('999', says('to no channel', '999')),
        42,
      ],
    };
    const answer = await product.webhook(body);
    expect([answer.status, answer.body]).toEqual([200, { received: 12 }]);
    await expect.poll(() => textsIn('1/page:for-900')).toEqual(['to the first', 'and again']);
    await expect.poll(() => textsIn('1/second:for-901')).toEqual(['to the second']);
    await expect
      .poll(async () => (await webhookEvents('limit=100')).counts)
      .toEqual({
        handled: 3,
        ignored: 9,
      });
    const { items } = await webhookEvents('limit=100&status=ignored');
    const notes = items.map(({ note }: { note: string }) => note);
    expect(notes.filter((note: string) => note === 'no channel uses this account')).toHaveLength(2);
    const kept = JSON.stringify(items);
    for (const piece of ['signed by the wrong app', 'to no channel', 'no event', 'no list', '42']) {
      expect(kept).toContain(piece);
    }
    // A page whose app signed with its own secret is accepted.
    const other = { object: 'page', entry: [entry('902', says('signed by its own', '902'))] };
    const path = `/webhooks/facebook/${product.app.key}/of-another-app`;
    expect((await product.call('POST', path, signWebhook(other, 'another-app-secret-99'))).status).toBe(200);
    await expect.poll(() => textsIn('1/of-another-app:for-902')).toEqual(['signed by its own']);
  });
});

describe('a signed body that is not JSON', () => {
  it('is answered with 200, stored as received, counted, and shown', async () => {
    const counted = async () => {
      const { body } = await product.call('GET', '/metrics');
      const line = /^mevrik_webhook_events_total\{[^}]*outcome="ignored"[^}]*\} (\d+)$/m.exec(body);
      return Number(line?.[1] ?? 0);
    };
    const before = await counted();
    const answer = await post('{"object": "page", "entry": [');
    expect([answer.status, await answer.json()]).toEqual([200, { received: 1 }]);
    const [newest] = (await webhookEvents('limit=1')).items;
    expect(newest).toMatchObject({
      provider: 'facebook',
      channel: 'page',
      payload: { unreadable: '{"object": "page", "entry": [' },
    });
    await expect.poll(async () => (await webhookEvents('limit=1')).items[0]?.status).toBe('ignored');
    expect((await webhookEvents('limit=1')).items[0].note).toBeTruthy();
    await expect.poll(counted).toBe(before + 1);
    // The provider resends what it believes to be lost: it is stored once.
    await post('{"object": "page", "entry": [');
    expect((await webhookEvents('limit=1')).items[0].id).toBe(newest.id);
  });
});
