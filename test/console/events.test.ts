import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);

/** Saves a screenshot of a page, if `SCREENSHOTS` names a folder. */
async function keep(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

describe('an administrator who watches the events', () => {
  it('sees events arrive, filters them, and pauses the list', async () => {
    const visitor = await product.visit();
    const { page, errors } = await adminAt('/admin/events');
    await page.getByRole('link', { name: 'Session started' }).first().waitFor();
    await visitor.write('my parcel is late');
    await page
      .getByRole('row', { name: /my parcel is late/ })
      .getByText('Done', { exact: true })
      .waitFor();
    await keep(page, 'events');
    expect(await accessibilityViolations(page)).toEqual([]);

    // The filter is part of the address: a colleague who opens it sees the same.
    await page.getByRole('textbox', { name: 'Search' }).fill('parcel');
    await page.waitForURL(/text=parcel/);
    await page.getByRole('link', { name: 'Session started' }).waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /my parcel is late/ }).waitFor();
    await page.reload();
    await page.getByRole('row', { name: /my parcel is late/ }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Search' }).inputValue()).toBe('parcel');
    await page.getByRole('textbox', { name: 'Search' }).fill('a text of no message');
    await page.getByText('No matching events').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByRole('link', { name: 'Session started' }).first().waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('No new events.').waitFor();
    await visitor.write('are you still there?');
    await page.getByText(/\d+ new events?\. Resume to show/).waitFor();
    expect(await page.getByRole('row', { name: /are you still there/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('row', { name: /are you still there/ }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('reads the story of an event: in plain words, and listener by listener', async () => {
    const visitor = await product.visit();
    await visitor.write('where is my parcel?');
    await expect.poll(async () => (await visitor.history()).length).toBe(3);
    const { page, errors } = await adminAt(
      `/admin/events?text=where%20is%20my%20parcel&type=MessageReadyEvent`,
    );
    await page.getByRole('link', { name: 'Customer message' }).click();
    await page.getByText('It came from outside').waitFor();
    await page.getByText(/It led to: .*reply to a customer/).waitFor();
    const story = page.getByRole('list', { name: 'Events from cause to effect' });
    await story.getByText(sickListener).waitFor();
    await story
      .getByText(/^done in /)
      .first()
      .waitFor();
    await story
      .getByText(/^sent after /)
      .first()
      .waitFor();
    await story.getByRole('link', { name: /Reply to a customer/ }).waitFor();
    await keep(page, 'event');
    expect(await accessibilityViolations(page)).toEqual([]);
    await story.getByRole('link', { name: /Reply to a customer/ }).click();
    await page.getByText('Cause: customer message.').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('sees a paused listener and its backlog, and resumes it', async () => {
    const visitor = await product.visit();
    const { page, errors } = await adminAt('/admin/listeners');
    const row = page.getByRole('row', { name: new RegExp(`^${sickListener}`) });
    await row.getByText('active').waitFor();
    await product.database.sql`
      INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${sickListener}, 1, 'a test wants it')`;
    // The panel sees it when the log next advances.
    await expect
      .poll(async () => {
        await visitor.write('anyone there?');
        return row.getByText('Paused for 1 app').count();
      })
      .toBe(1);
    await row.getByText('a test wants it').waitFor();
    await row.getByText(/^Paused for \d+ min/).waitFor();
    await keep(page, 'listeners');
    expect(await accessibilityViolations(page)).toEqual([]);
    await row.getByRole('button', { name: /^Resume/ }).click();
    await row.getByText('active').waitFor();
    await row.getByText(/^Paused for \d+ min/).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
