import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser } from './support/browser.ts';
import { startTestProduct, type TestProduct } from './support/product.ts';
import { sicken, sickListener } from './support/sick-listener.ts';

let product: TestProduct;
let browser: Browser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' }), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

describe('an administrator who is asked why a message was not answered', () => {
  it('finds the listener that gave up, why, and has it tried again', { timeout: 120_000 }, async () => {
    const { id } = await product.employ({ role: 'admin', name: 'Ada' });
    const [who] = await product.database.sql<{ email: string }[]>`SELECT email FROM agents WHERE id = ${id}`;
    const { heal } = await sicken(product);
    const visitor = await product.visit();
    await visitor.write('poison, and no answer');

    const { page, errors } = await openPage(browser, `${product.url}/login?to=/admin/events`);
    await page.getByLabel('E-mail address').fill(who?.email ?? '');
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('textbox', { name: 'Session number' }).fill(String(visitor.sessionId));
    await page
      .getByRole('row', { name: /poison, and no answer/ })
      .getByRole('link')
      .click();
    await page.getByText(`${sickListener} gave up: it needs a person`).waitFor();
    await page.getByText('poisoned').first().waitFor();
    await page.getByRole('link', { name: 'Retry, edit or discard it' }).click();
    const row = page.getByRole('row', { name: new RegExp(sickListener) });

    // As long as the cause is there it comes back.
    await row.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('1 tried again.').waitFor();
    await expect
      .poll(async () => (await product.database.sql`SELECT status FROM parked_events`)[0]?.status)
      .toBe('dead');
    await heal();
    await page.reload();
    await row.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog');
    const data = dialog.getByRole('textbox', { name: 'Data of the event' });
    await expect.poll(() => data.inputValue()).toContain('poison, and no answer');
    await data.fill('{ this is not JSON');
    await dialog.getByRole('button', { name: 'Retry with this' }).click();
    await dialog.getByText('This is not JSON yet.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await row.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('Nothing is stuck').waitFor();
    await expect.poll(async () => (await visitor.history()).at(-1)?.from).toBe('bot');
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
