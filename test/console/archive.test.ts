import { afterAll, beforeAll, expect, it } from 'vitest';
import { ageConversation } from '../support/aged-events.ts';
import { accessibilityViolationsAt, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

it('shows an administrator where an old event is, loads it, and opens it', async () => {
  const { sql } = product.database;
  const visitor = await product.visit();
  await visitor.write('opening hours');
  await expect.poll(async () => (await visitor.history()).length).toBe(3);
  await ageConversation(product, visitor, 40);
  const [event] = await sql<{ id: string }[]>`
    SELECT id FROM events WHERE session_id = ${visitor.sessionId} AND type = 'MessageReadyEvent'`;
  await sql`SELECT graphile_worker.add_job('archive-events', '{}'::json)`;
  await expect.poll(() => sql`SELECT FROM events WHERE id = ${event?.id ?? null}`).toEqual([]);

  const { page, errors, keep } = await logInAs(product, browser, 'admin', `/admin/events/${event?.id}`);
  await page.getByText('This event is not in the log').waitFor();
  await page.getByRole('link', { name: 'Search the archive' }).click();
  await page.getByText('may contain the event').waitFor();
  const row = page.getByRole('row').nth(1);
  await row.getByText('Archived').waitFor();
  expect(await accessibilityViolationsAt(page, 1280, 400)).toEqual([]);
  await keep('archive');
  await row.getByRole('button', { name: 'Load' }).click();
  await row.getByText('In the log').waitFor();
  await row.getByRole('link', { name: 'Show events' }).waitFor();
  await page.getByRole('link', { name: 'Open event' }).click();
  await page.getByRole('heading', { name: 'Causes and effects' }).waitFor();
  // Before it was loaded the event was not found.
  expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
});
