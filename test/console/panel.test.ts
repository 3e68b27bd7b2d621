import { createClient } from '@mevrik/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import {
  type FacebookProduct,
  page as facebook,
  ofThread,
  quick,
  startFacebook,
} from '../support/facebook.ts';
import { logInAs } from '../support/panel.ts';

let product: FacebookProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([
    startFacebook({ settings: { delivery: { ...quick, attempts: 1 } } }),
    startBrowser(),
  ]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);

/** Saves a screenshot of a page, if `SCREENSHOTS` names a folder. */
async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}

describe('an administrator who wants to know whether replies get through', () => {
  it('sees a channel go down and why, what waits there, and its recovery', async () => {
    const { page, errors } = await adminAt('/admin/channels');
    const row = page.getByRole('row', { name: /Facebook|facebook/ });
    await row.getByText('healthy').waitFor();
    const session = await product.writes('waiting', 'hello');
    await expect.poll(() => product.graph.textsFor('waiting')).toEqual(['In line.']);
    product.graph.revoke(facebook.pageToken);
    const message = await product.replies(session, 'soon');
    await row.getByText('token is no longer valid').waitFor();
    await row.getByRole('link', { name: '1', exact: true }).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(page, 'channels');
    await row.getByRole('button', { name: 'Check now' }).click();
    await page.getByText('Checking page now.').waitFor();
    const probes = await product.database.sql`SELECT id FROM audit_entries WHERE action = 'channel.probe'`;
    expect(probes).toHaveLength(1);
    product.graph.grant(facebook.pageToken);
    await row.getByText('healthy').waitFor();
    await expect.poll(async () => (await product.deliveryOf(message)).status).toBe('sent');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("finds what failed, reads the provider's error, and resends it", async () => {
    const session = await product.writes('refused', 'hello');
    await expect.poll(() => product.graph.textsFor('refused')).toEqual(['In line.']);
    product.graph.misbehave({ does: 'refuse', status: 400, code: 100, message: 'No such person' }, 1);
    const message = await product.replies(session, 'for you');
    await expect.poll(async () => (await product.deliveryOf(message)).status).toBe('failed');

    const { page, errors } = await adminAt('/admin/deliveries');
    await page
      .getByRole('row', { name: /refused/ })
      .first()
      .waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBeGreaterThan(2);
    await page.getByRole('combobox', { name: 'Status' }).click();
    await page.getByRole('option', { name: 'Failed' }).click();
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByRole('button', { name: `Attempts of message ${message}: 1` }).click();
    await page.getByText('rejected by the provider').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(page, 'deliveries');
    await page.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(async () => (await product.deliveryOf(message)).status).toBe('sent');
    await page.getByText('No matching deliveries').waitFor();
    expect(product.graph.textsFor('refused')).toContain('for you');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('opens a webhook event, and reprocesses it', async () => {
    const echo = { mid: 'echo-1', is_echo: true, app_id: 1, metadata: 'hello', text: 'x' };
    const sender = { id: facebook.pageId };
    await product.webhook(ofThread({ sender, recipient: { id: 'stranger' }, message: echo }));
    const { page, errors } = await adminAt('/admin/webhook-events');
    const row = page.getByRole('row', { name: /A copy of a message sent elsewhere/ });
    await row.getByText('ignored').waitFor();
    await page.getByText(/^Ignored \(\d+\)$/).click();
    await row.getByRole('button', { name: /^View/ }).click();
    await page.getByText('"metadata": "hello"').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(page, 'webhook-events');
    await row.getByRole('button', { name: 'Process again' }).click();
    await page.getByText(/will be processed again/).waitFor();
    const raised = () => product.database.sql`
      SELECT id FROM audit_entries WHERE action = 'webhook.replay' AND app_id = 1`;
    expect(await raised()).toHaveLength(1);
    await row.getByText('ignored').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('an administrator who wants to know who is connected', () => {
  it('sees a client connect, subscribe to a channel, and leave, without a reload', async () => {
    const { page, errors } = await adminAt('/admin/connections');
    const channels = page.getByRole('table').last();
    await channels.getByText('queues-app-1').waitFor();
    await page.getByLabel('Topic prefix').fill('weather');
    await page.getByText('No subscribed topic starts with this prefix.').waitFor();
    const client = createClient({ url: product.url, appKey: product.app.key });
    client.subscribe('weather-in-oslo' as never);
    const row = channels.getByRole('row', { name: /weather-in-oslo/ });
    await row.waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await row.getByRole('button', { name: 'Watch' }).click();
    await page.getByText('Watching is recorded in the audit log.').waitFor();
    client.disconnect();
    await row.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
