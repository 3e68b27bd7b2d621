import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let browser: TestBrowser;
let illness: Awaited<ReturnType<typeof sicken>>;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' }), startBrowser()]);
  illness = await sicken(product);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);

describe('an administrator who is asked why a message was not answered', () => {
  it('finds the listener that gave up and the reason, and retries it', async () => {
    const { heal } = illness;
    const visitor = await product.visit();
    await visitor.write('poison, and no answer');

    const { page, errors } = await adminAt('/admin/events');
    await page.getByRole('textbox', { name: 'Session ID' }).fill(String(visitor.sessionId));
    await page
      .getByRole('row', { name: /poison, and no answer/ })
      .getByRole('link')
      .click();
    await page.getByText(`${sickListener} failed and is out of retries`).waitFor();
    await page.getByText('poisoned').first().waitFor();
    await page.getByRole('link', { name: 'Retry, edit or discard it' }).click();
    const row = page.getByRole('row', { name: new RegExp(sickListener) });

    // The retry fails as long as the cause is there.
    await row.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('Retrying 1 event.').waitFor();
    await expect
      .poll(async () => (await product.database.sql`SELECT status FROM parked_events`)[0]?.status)
      .toBe('dead');
    await heal();
    await page.reload();
    await row.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog');
    const data = dialog.getByRole('textbox', { name: 'Event data' });
    await expect.poll(() => data.inputValue()).toContain('poison, and no answer');
    await data.fill('{ this is not JSON');
    await dialog.getByRole('button', { name: 'Retry with edited data' }).click();
    await dialog.getByText('This is not valid JSON.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await row.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('No dead letters').waitFor();
    await expect.poll(async () => (await visitor.history()).at(-1)?.from).toBe('bot');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('retries all, corrects one, and discards the rest', async () => {
    await illness.relapse();
    const visitor = await product.visit();
    for (const text of ['poison one', 'poison two', 'poison three']) await visitor.write(text);
    const dead = () => product.database.sql`SELECT FROM parked_events WHERE status = 'dead'`;
    await expect.poll(dead).toHaveLength(3);
    const { page, errors } = await adminAt('/admin/dead-letters');
    const rows = page.getByRole('row', { name: new RegExp(sickListener) });
    await expect.poll(() => rows.count()).toBe(3);
    expect(await accessibilityViolations(page)).toEqual([]);

    // They fail again as long as the cause is there.
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByText('Retrying 3 events.').waitFor();
    await expect.poll(dead).toHaveLength(3);

    // Data that does not fit the event is rejected at the field; valid data is handled.
    await expect.poll(() => rows.count()).toBe(3);
    await rows.first().getByRole('button', { name: 'Edit' }).click();
    const data = page.getByRole('dialog').getByRole('textbox', { name: 'Event data' });
    await expect.poll(() => data.inputValue()).toContain('poison');
    const wrong = JSON.stringify({ ...JSON.parse(await data.inputValue()), message: 'none' });
    await data.fill(wrong);
    await page.getByRole('button', { name: 'Retry with edited data' }).click();
    await page.getByText(/is not valid for MessageReadyEvent/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await illness.heal();
    await rows.first().getByRole('button', { name: 'Edit' }).click();
    await expect.poll(() => data.inputValue()).toContain('poison');
    await data.fill((await data.inputValue()).replaceAll('poison', 'corrected'));
    await page.getByRole('button', { name: 'Retry with edited data' }).click();
    await page.getByText('Retrying with the edited data.').waitFor();
    await expect.poll(() => rows.count()).toBe(2);

    await page.getByRole('button', { name: 'Discard all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard all' }).click();
    await page.getByText('Discarded 2 events.').waitFor();
    await page.getByText('No dead letters').waitFor();
    const audited = await product.database.sql<{ action: string }[]>`
      SELECT app_id AS "appId", action, detail FROM audit_entries
      WHERE action LIKE 'dead-letter.%' ORDER BY id DESC LIMIT 2`;
    expect(audited).toMatchObject([
      { appId: 1, action: 'dead-letter.discard', detail: { count: 2 } },
      { appId: 1, action: 'dead-letter.retry', detail: { count: 1, edited: true } },
    ]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('sees the error when the list cannot be loaded, and retries', async () => {
    const { page } = await adminAt('/admin/audit');
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    let isDown = true;
    let requests = 0;
    await page.route('**/v1/admin/dead-letters**', async (route) => {
      requests += 1;
      if (!isDown) return route.continue();
      return route.fulfill({
        status: 400,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'bad_request', detail: 'not today' }),
      });
    });
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByRole('alert').getByText('not today').waitFor();
    const retry = page.getByRole('button', { name: 'Retry' });
    const requested = requests;
    await retry.click();
    await expect.poll(() => requests).toBeGreaterThan(requested);
    isDown = false;
    const isLoaded = async () => {
      // The panel may load the list by itself: then the button is gone.
      if (await retry.isVisible()) await retry.click({ timeout: 1_000 }).catch(() => {});
      return page.getByText('No dead letters').isVisible();
    };
    await expect.poll(isLoaded).toBe(true);
    await page.context().close();
  });
});
