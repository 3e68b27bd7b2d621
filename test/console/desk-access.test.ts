import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, accessibilityViolationsAt, cuttableNetwork } from '../support/browser.ts';
import { lists, picture, reply, said, startDesk, type TestDesk, thread } from '../support/desk.ts';

let desk: TestDesk;
const at: TestDesk['at'] = (...rest) => desk.at(...rest);
const waiting: TestDesk['waiting'] = (...rest) => desk.waiting(...rest);

beforeAll(async () => {
  desk = await startDesk();
  await desk.admin.call('POST', '/v1/canned-replies', { appId: 1, shortcut: 'hello', text: 'Hello!' });
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

describe('the desk', () => {
  it('can be used without a mouse from the login to the end of a case', async () => {
    const visitor = await waiting('Keyed Kai');
    const { email, password } = desk.credentials('Kim');
    const page = await desk.stranger(`/login?to=${encodeURIComponent('/desk?view=queue')}`);
    const { keyboard } = page;
    await expect.poll(() => page.getByLabel('Email').evaluate((field) => field.matches(':focus'))).toBe(true);
    await keyboard.type(email);
    await keyboard.press('Tab');
    await keyboard.type(password);
    await keyboard.press('Enter');
    await lists(page)
      .getByRole('link', { name: /Keyed Kai/ })
      .waitFor();
    await keyboard.press('j');
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    await keyboard.press('a');
    await reply(page).waitFor();
    await keyboard.type('At your service');
    await keyboard.press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['At your service']);
    await keyboard.press('Escape');
    await keyboard.press('c');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Outcome').waitFor();
    await keyboard.press('ArrowDown');
    await page.getByRole('option').first().waitFor();
    await keyboard.press('Enter');
    await keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('Not assigned to an agent').or(page.getByText('Handled by the bot')).waitFor();
    const [closed] = await desk.product.database.sql`
      SELECT status FROM cases WHERE session_id = ${visitor.sessionId}`;
    expect(closed).toEqual({ status: 'closed' });
  });

  // Only colours differ in the dark, and these do not depend on the width.
  it.each([
    ['1280 wide, light and dark', 1280, accessibilityViolationsAt],
    ['768 wide', 768, (page: Page) => accessibilityViolations(page)],
  ] as const)('is accessible in each of its states: %s', async (_what, width, violationsOf) => {
    const visitor = await waiting('Zoë', { email: `twin-${width}@example.org` });
    await desk.product.visit({ profile: { name: 'Zoe', email: `twin-${width}@example.org` } });
    const page = await at('/desk?view=queue', 'Kim', { viewport: { width, height: 900 } });
    const violations: Record<string, string[]> = {};
    const check = async (state: string) => {
      const found = await violationsOf(page, width);
      if (found.length > 0) violations[state] = found;
    };
    const { keyboard } = page;
    const dialog = page.getByRole('dialog');
    const leave = async () => {
      await keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
    };
    await page.getByRole('link', { name: /Zoë/ }).last().waitFor();
    await check('queue');
    await page.getByRole('button', { name: /Sound and notifications/ }).click();
    await page.getByRole('menuitem', { name: 'Play test sound' }).waitFor();
    await check('sound and notifications');
    await keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Search conversations' }).fill('no such customer');
    await page.getByText('No results').waitFor();
    await check('no customer found');
    await page.getByRole('button', { name: 'Filter and sort' }).click();
    await page.getByText('Overdue only').waitFor();
    await check('filters');
    const network = await cuttableNetwork(page.context());
    await page.goto(`${desk.product.url}/desk/${visitor.sessionId}?view=queue`);
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    await check('waiting');
    await page.getByRole('button', { name: 'Accept' }).click();
    await reply(page).pressSequentially('/');
    await page.getByRole('listbox', { name: 'Canned replies' }).waitFor();
    await check('canned replies');
    await reply(page).fill('');
    await page.getByRole('button', { name: 'Emoji' }).click();
    await page.getByRole('listbox', { name: 'Emoji' }).waitFor();
    await check('emoji');
    await leave();
    await page.setInputFiles('input[type=file]', { name: 'a.png', mimeType: 'image/png', buffer: picture });
    await page.getByText('70 B').waitFor();
    await check('files');
    for (const [key, state] of [
      ['c', 'close'],
      ['t', 'transfer'],
      ['?', 'help'],
      ['Control+k', 'palette'],
    ] as const) {
      await reply(page).press('Escape');
      await keyboard.press(key);
      await dialog.waitFor();
      await dialog.getByRole('status', { name: 'Loading' }).waitFor({ state: 'hidden' });
      await check(state);
      await leave();
    }
    if (width < 1180) await keyboard.press('i');
    await page.getByText('Possible duplicates').waitFor();
    await check('customer');
    await keyboard.press('m');
    await dialog.waitFor();
    await check('merge');
    await leave();
    await keyboard.press('e');
    await page.getByRole('textbox', { name: 'Phone' }).waitFor();
    await check('edit');
    await network.cut();
    await page.getByText('No connection').waitFor();
    await check('offline');
    await network.restore();
    await page.getByText('Back online').waitFor();
    await check('back');
    await thread(page).waitFor();
    expect(violations).toEqual({});
  });
});
