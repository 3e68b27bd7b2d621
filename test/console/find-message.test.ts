import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' }), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);

/** Saves a screenshot of a page, if `SCREENSHOTS` names a folder. */
async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

describe('an administrator who is asked “why did message X fail?”', () => {
  it('finds it by customer name, reads the reason and the advice, follows it, and sees the message answered', async () => {
    const { heal } = await sicken(product);
    const vera = await product.visit({ profile: { name: 'Vera Lindqvist', email: 'vera@example.org' } });
    await vera.write('poison, or: where is my parcel?');
    const rafi = await product.visit({ profile: { name: 'Rafi Ahmed' } });
    await rafi.write('I would like to talk to a person');

    const { page, errors } = await adminAt('/admin/messages');
    const box = page.getByRole('textbox', { name: 'Search messages' });
    await page.getByText('Search for a message').waitFor();
    await keep(page, 'find-message-empty');
    await box.fill('never written');
    await page.getByText('No results').waitFor();
    await box.fill('lindqvist');
    const hit = page.getByRole('link', { name: /where is my parcel/ });
    await hit.waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(page, 'find-message');
    await hit.click();

    const verdict = page.getByRole('status');
    await verdict.getByText(`${sickListener}) failed and is out of retries`).waitFor();
    await verdict.getByText('What to do:').waitFor();
    await page.getByText('Vera Lindqvist wrote on web').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(page, 'message-dead');
    await heal();
    await verdict.getByRole('link', { name: 'Dead letters' }).click();
    const row = page.getByRole('row', { name: new RegExp(sickListener) });
    await row.getByRole('button', { name: 'Retry' }).click();
    await page.goBack();
    // The page updates itself.
    await verdict.getByText(/Answered by the bot/).waitFor();
    await keep(page, 'message-answered');

    // Back at the search, the term is still there.
    await page.getByRole('link', { name: 'Diagnosis' }).click();
    await box.fill('rafi');
    await page.getByRole('link', { name: /talk to a person/ }).click();
    await verdict.getByText(/In queue “support”/).waitFor();
    await verdict.getByText('Ask an agent to go online at the desk.').waitFor();
    await keep(page, 'message-waiting');
    const kim = await product.employ({ name: 'Kim' });
    await kim.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
    const { body } = await kim.call('GET', '/v1/queue-items?status=waiting');
    await kim.call('POST', `/v1/queue-items/${body.items[0].id}/accept`);
    await verdict.getByText(/^Assigned to Kim for/).waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(() => box.inputValue()).toBe('rafi');
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
