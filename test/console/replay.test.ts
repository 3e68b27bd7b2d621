import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' }), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);

/** How often the bot has replied to the visitor's messages: the greeting does not count. */
async function answersTo(visitor: Visitor): Promise<number> {
  const said = await visitor.history();
  const asked = said.findIndex(({ from }) => from === 'customer');
  return asked === -1 ? 0 : said.slice(asked).filter(({ from }) => from === 'bot').length;
}

/** A message with a reply, and the event that it caused. */
async function answered(text: string): Promise<{ visitor: Visitor; eventId: string }> {
  const visitor = await product.visit();
  // The greeting would count as a reply if it arrived later.
  await expect.poll(async () => (await visitor.history()).length).toBe(1);
  await visitor.write(text);
  await expect.poll(() => answersTo(visitor)).toBe(1);
  const [event] = await product.database.sql<{ id: string }[]>`
    SELECT id FROM events WHERE session_id = ${visitor.sessionId} AND type = 'MessageReadyEvent'`;
  return { visitor, eventId: event?.id ?? '' };
}

describe('an administrator who replays events', () => {
  it('sees what would run, runs it, and watches it to its end', async () => {
    const { visitor, eventId } = await answered('opening hours');
    const { page, errors } = await adminAt(`/admin/events/${eventId}`);
    await page.getByRole('link', { name: 'Replay…' }).click();
    await page.getByRole('heading', { name: 'Replays', level: 1 }).waitFor();
    await page.getByText('No replays yet').waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    const seen = page.getByRole('region', { name: 'Preview' });
    await seen.getByRole('heading', { name: /^1 matching event/ }).waitFor();
    await seen
      .getByRole('row', { name: new RegExp(`^${sickListener}`) })
      .getByRole('cell', { name: '1', exact: true })
      .waitFor();
    await seen.getByText('customers may receive the same message again').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await seen.getByRole('button', { name: /^Run \d+ times?…$/ }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Run \d+ time/ })
      .click();
    await page.getByRole('heading', { name: 'Replay 1', level: 1 }).waitFor();
    await page.getByText('Done', { exact: true }).first().waitFor();
    await page.getByRole('row', { name: new RegExp(sickListener) }).waitFor();
    await expect.poll(() => answersTo(visitor)).toBe(2);
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('sees which events failed, with links to them', async () => {
    const { eventId } = await answered('poison for later');
    await product.database
      .sql`UPDATE messages SET read_at = NULL WHERE content ->> 'text' = 'poison for later'`;
    const { heal } = await sicken(product);
    const { page, errors } = await adminAt(`/admin/replay?eventId=${eventId}&listeners=${sickListener}`);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Run 1 time…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run 1 time' }).click();
    const row = page.getByRole('row', { name: /poisoned/ });
    await row.waitFor();
    await row.getByRole('link', { name: 'MessageReadyEvent' }).click();
    await page.getByText(/^Replay \d+ failed at HandleMessageReadyEvent$/).waitFor();
    await page.getByText('It was replayed once and failed. Details are below.').waitFor();
    // The original run succeeded, and it still says so.
    await page.getByText(/^Handled by (all \d+|both) listeners\.$/).waitFor();
    expect(await page.getByText('out of retries').count()).toBe(0);
    expect(await accessibilityViolations(page)).toEqual([]);
    await heal();
    await product.database.sql`DELETE FROM parked_events`;
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('cancels a running replay: nothing more of it runs', async () => {
    const { eventId } = await answered('opening hours');
    // Its listener is paused, so that it has not run by the time of the click.
    await product.database.sql`
      INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${sickListener}, 1, 'a test')`;
    const { page, errors } = await adminAt(`/admin/replay?eventId=${eventId}&listeners=${sickListener}`);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Run 1 time…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run 1 time' }).click();
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop replay' }).click();
    await page.getByText('1 stopped').waitFor();
    await product.database.sql`DELETE FROM paused_apps`;
    await page.getByRole('link', { name: 'All replays' }).click();
    await page
      .getByRole('row', { name: /^Replay/ })
      .first()
      .waitFor();
    await expect.poll(() => page.getByRole('row', { name: /^Replay \d/ }).count()).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
