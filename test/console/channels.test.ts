import { type SmtpStandIn, startSmtpStandIn } from '@mevrik/stand-ins';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { type FacebookProduct, page as facebook, startFacebook } from '../support/facebook.ts';
import { logInAs } from '../support/panel.ts';

let product: FacebookProduct;
let post: SmtpStandIn;
let browser: TestBrowser;
beforeAll(async () => {
  [product, post, browser] = await Promise.all([startFacebook(), startSmtpStandIn(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), post?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);
const stored = async (name: string) => {
  const [row] = await product.database.sql`
    SELECT enabled, settings FROM channels WHERE app_id = 1 AND name = ${name}`;
  return row;
};
/** A validation error is shown at its field; the browser also logs it. */
const isUnmeant = (error: string) => !error.includes('status of 422');
const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });

/** Holds requests until they are released. */
async function holdRequests(page: Page, method: string, url: string) {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(url, async (route) => {
    if (route.request().method() === method) await held;
    await route.continue();
  });
  return { release: () => release() };
}

describe('an administrator who sets up a channel', () => {
  it("enters a Facebook page's secrets, tests them, and gets the values to paste at Meta", async () => {
    const { page, errors, keep } = await adminAt('/admin/apps/1');
    await page.getByRole('link', { name: 'Add channel' }).click();
    await page.getByRole('link', { name: /^Facebook/ }).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('channel-kinds');
    await page.getByRole('link', { name: /^Facebook/ }).click();
    await field(page, 'Channel name').fill('second-page');

    await page.getByRole('button', { name: 'Add channel' }).click();
    await expect.poll(() => page.getByText('is required').count()).toBe(3);
    expect(await stored('second-page')).toBeUndefined();

    await field(page, 'Page ID').fill('901');
    await field(page, 'App secret').fill('a-secret-of-the-meta-app');
    await page.getByRole('button', { name: 'Generate: Verify token' }).click();
    const token = await field(page, 'Verify token').inputValue();
    expect(token.length).toBeGreaterThan(15);
    product.graph.revoke('a token of yesterday');
    await field(page, 'Page access token').fill('a token of yesterday');
    await page.getByRole('button', { name: 'Test credentials' }).click();
    await page.getByRole('alert').getByText('token is no longer valid').waitFor();
    await field(page, 'Page access token').fill('a token of today');
    await page.getByRole('button', { name: 'Test credentials' }).click();
    await page.getByText('The credentials work.').waitFor();
    expect(await stored('second-page')).toBeUndefined();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('channel-new');

    await page.getByRole('button', { name: 'Add channel' }).click();
    await page.getByRole('heading', { name: 'second-page' }).waitFor();
    const address = `/webhooks/facebook/${product.app.key}/second-page`;
    await page.getByRole('button', { name: 'Copy: webhook URL' }).waitFor();
    await page.getByText(address).waitFor();
    await page.getByText(token).waitFor();
    await page.getByText('healthy').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('channel');
    expect(await stored('second-page')).toEqual({
      enabled: true,
      settings: {
        pageId: '901',
        appSecret: 'a-secret-of-the-meta-app',
        verifyToken: token,
        pageToken: 'a token of today',
      },
    });
    // Meta calls with the pasted values.
    const ask = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': token,
      'hub.challenge': '1234',
    });
    expect((await product.call('GET', `${address}?${ask}`)).body).toBe('1234');
    expect(errors.filter(isUnmeant)).toEqual([]);
    await page.context().close();
  });

  it('changes one secret and keeps the others, sees an error at the field, and closes the channel', async () => {
    const { page, errors } = await adminAt('/admin/channels');
    await page.getByRole('link', { name: 'page', exact: true }).click();
    await page.getByRole('button', { name: 'Change: App secret' }).click();
    await field(page, 'App secret').fill('short');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Must have at least 16 characters').waitFor();
    await field(page, 'App secret').fill('a-new-secret-of-the-app');
    const reload = await holdRequests(page, 'GET', '**/v1/admin/apps/1/channels/page');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Changes are live.').waitFor();
    expect((await stored('page'))?.settings).toEqual({ ...facebook, appSecret: 'a-new-secret-of-the-app' });

    // A change made while the saved state is still being loaded is kept.
    await page.getByRole('button', { name: 'Remove: Page access token' }).click();
    reload.release();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await stored('page'))?.settings.pageToken).toBeUndefined();
    await page.getByRole('switch', { name: 'Enabled' }).click();
    await page.getByText('Disabled').waitFor();
    expect((await stored('page'))?.enabled).toBe(false);
    expect(errors.filter(isUnmeant)).toEqual([]);
    await page.context().close();
  });

  it('sets up an email address that sends through an SMTP server, and sees an error when the server does not answer', async () => {
    const { page, errors, keep } = await adminAt('/admin/apps/1/add-channel?kind=email');
    await field(page, 'Address').fill('help@shop.example');
    await page.getByRole('switch', { name: 'Sending (SMTP)' }).click();
    const smtp = page.getByRole('group', { name: 'Sending (SMTP)' });
    await smtp.getByRole('textbox', { name: 'Server' }).fill('127.0.0.1');
    await smtp.getByLabel('Port').fill('1');
    await smtp.getByRole('combobox', { name: 'Encryption' }).click();
    await page.getByRole('option', { name: /^none/i }).click();
    await page.getByRole('button', { name: 'Test credentials' }).click();
    await page.getByRole('alert').getByText('could not be reached').waitFor();
    await smtp.getByLabel('Port').fill(String(post.port));
    await page.getByRole('button', { name: 'Test credentials' }).click();
    await page.getByText('The credentials work.').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('channel-email');
    await page.getByRole('button', { name: 'Add channel' }).click();
    await page.getByRole('heading', { name: 'email', exact: true }).waitFor();
    expect((await stored('email'))?.settings).toEqual({
      address: 'help@shop.example',
      smtp: { host: '127.0.0.1', port: post.port, tls: 'none' },
    });
    expect(errors.filter(isUnmeant)).toEqual([]);
    await page.context().close();
  });
});
