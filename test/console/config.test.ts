import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const adminAt = (path: string) => logInAs(product, browser, 'admin', path);
const settings = async () => {
  const [row] = await product.database.sql<{ settings: Record<string, unknown> }[]>`
    SELECT settings FROM apps WHERE id = 1`;
  return row?.settings;
};
/** A validation error is shown at its field; the browser also logs it. */
const isUnmeant = (error: string) => !error.includes('status of 422');

describe('an administrator who configures an app', () => {
  it('changes settings in a form, sees an error at the field, and deletes a setting in the JSON', async () => {
    const { page, errors, keep } = await adminAt('/admin/apps/1');
    await page.getByRole('tab', { name: 'Settings' }).click();
    const minutes = page.getByRole('textbox', { name: 'End the session after' });
    await minutes.fill('30');
    await page.getByRole('textbox', { name: 'Country' }).fill('Bangladesh');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('must be a two-letter country code').waitFor();
    expect(await settings()).toEqual({});
    await page.getByRole('textbox', { name: 'Country' }).fill('BD');
    await page.getByRole('switch', { name: 'Send surveys' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(settings).toEqual({ sessionIdleMinutes: 30, country: 'BD', csat: { enabled: false } });
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('app-settings');

    await page.getByRole('tab', { name: 'JSON' }).click();
    await page.getByRole('textbox', { name: 'Settings as JSON' }).fill('{ "country": "BD" }');
    await page.getByRole('button', { name: 'Replace settings' }).click();
    await expect.poll(settings).toEqual({ country: 'BD' });
    await page.getByRole('tab', { name: 'Form' }).click();
    await expect.poll(() => minutes.inputValue()).toBe('');
    expect(errors.filter(isUnmeant)).toEqual([]);
    await page.context().close();
  });

  it('sees that a colleague has saved in the meantime, loses no input, and chooses which version to keep', async () => {
    const colleague = await product.employ({ role: 'admin' });
    const rules = '/v1/admin/apps/1/rules';
    const ruleOf = (name: string) => ({ name, when: 'true', action: 'bot' });
    const namesOf = async () =>
      (await colleague.call('GET', rules)).body.rules.map(({ name }: { name: string }) => name);
    const { page, errors, keep } = await adminAt('/admin/apps/1');
    const warning = page.getByRole('alert').filter({ hasText: 'This has changed since you loaded it' });

    await page.getByRole('tab', { name: 'Routing rules' }).click();
    const name = page.getByRole('textbox', { name: 'Name of rule 1' });
    await name.fill('Mine');
    await colleague.call('PUT', rules, { rules: [ruleOf('Theirs')] });
    await page.getByRole('button', { name: 'Save' }).click();
    await warning.waitFor();
    expect([await name.inputValue(), await namesOf()]).toEqual(['Mine', ['Theirs']]);
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('app-rules-meanwhile');
    await warning.getByRole('button', { name: 'Discard my changes' }).click();
    await expect.poll(() => name.inputValue()).toBe('Theirs');
    // From then on, saves are sequential.
    for (const next of ['Both', 'Again']) {
      await name.fill(next);
      await page.getByRole('button', { name: 'Save' }).click();
      await expect.poll(namesOf).toEqual([next]);
    }
    expect(await warning.count()).toBe(0);

    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByRole('tab', { name: 'JSON' }).click();
    const json = page.getByRole('textbox', { name: 'Settings as JSON' });
    await json.fill('{ "country": "SE" }');
    await colleague.call('PATCH', '/v1/admin/apps/1', { settings: { country: 'NO', sessionIdleMinutes: 7 } });
    await page.getByRole('button', { name: 'Replace settings' }).click();
    await warning.waitFor();
    expect(JSON.parse(await json.inputValue())).toEqual({ country: 'SE' });
    expect(await settings()).toEqual({ country: 'NO', sessionIdleMinutes: 7 });
    await warning.getByRole('button', { name: 'Overwrite' }).click();
    await expect.poll(settings).toEqual({ country: 'SE' });
    await warning.waitFor({ state: 'detached' });
    expect(errors.filter((error) => !error.includes('status of 412'))).toEqual([]);
    await page.context().close();
  });

  it('tests rules on a customer with known attributes', async () => {
    const colleague = await product.employ({ role: 'admin' });
    const known = 'has(customer.attributes.orders) && customer.attributes.orders >= 10';
    await colleague.call('PUT', '/v1/admin/apps/1/rules', {
      rules: [
        { name: 'loyal', when: `${known} && customer.verified`, action: 'queue', queue: 'vip' },
        { name: 'rest', when: 'true', action: 'bot' },
      ],
    });
    const { page, errors, keep } = await adminAt('/admin/apps/1');
    await page.getByRole('tab', { name: 'Routing rules' }).click();
    const tryThem = page.getByRole('button', { name: 'Test' });
    await tryThem.click();
    await page.getByText('Rule “rest” applies').waitFor();
    await page.getByRole('switch', { name: 'Verified by the app' }).click();
    await page.getByRole('button', { name: 'Add attribute' }).click();
    await page.getByRole('textbox', { name: 'Attribute name' }).fill('orders');
    await page.getByRole('textbox', { name: 'Value of orders' }).fill('12');
    // A string is not a number, even if it looks like one.
    await tryThem.click();
    await page.getByText('loyal: could not be evaluated').waitFor();
    await page.getByRole('combobox', { name: 'Type of orders' }).click();
    await page.getByRole('option', { name: 'Number' }).click();
    await tryThem.click();
    await page.getByText('Rule “loyal” applies').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('app-rules-trial');
    await page.getByRole('button', { name: 'Remove orders' }).click();
    await tryThem.click();
    await page.getByText('Rule “rest” applies').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('tests a flow that is not saved, and sees how the bot classified each message', async () => {
    const { page, errors, keep } = await adminAt('/admin/apps/1');
    await page.getByRole('tab', { name: 'Bot' }).click();
    await page
      .getByRole('textbox', { name: 'Flow' })
      .fill(
        'greeting: [{ text: Ahoy }]\nintents: [{ name: order, keywords: [order], goto: form.order }]\n' +
          'forms:\n  order:\n    fields: [{ name: size, ask: Which size?, type: choice, choices: [small, large] }]\n' +
          '    done: { replies: ["{{answers.size}} it is"] }\n',
      );
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('Ahoy', { exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Customer message' }).fill('an order');
    await page.keyboard.press('Enter');
    await page.getByText('Recognized as intent “order”').waitFor();
    await page.getByRole('button', { name: 'large' }).click();
    await page.getByText('large it is').waitFor();
    await page.getByText('Collected values').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('app-bot');
    await page.getByRole('textbox', { name: 'Flow' }).fill('intents:\n  - { name: a, goto: menu.nowhere }\n');
    await page.getByRole('button', { name: 'Restart' }).click();
    await page.getByText('names a menu that does not exist: "nowhere" (line 2)').first().waitFor();
    expect(errors.filter(isUnmeant)).toEqual([]);
    await page.context().close();
  });

  it('searches the audit log, and finds their own actions', async () => {
    const { page, errors, keep } = await adminAt('/admin/audit');
    await product.database.sql`
      INSERT INTO audit_entries (app_id, actor, action, target, detail)
      VALUES (1, 'delivery', 'channel.down', 'page', '{"reason": "the token is old"}')`;
    await page.getByRole('textbox', { name: 'Search' }).fill('token is old');
    await page.getByRole('row', { name: /channel\.down/ }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByRole('button', { name: /^View entry/ }).click();
    await page.getByText('"reason": "the token is old"').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep('audit');
    // On a phone the table is scrolled to the button; the details are in view.
    await page.setViewportSize({ width: 400, height: 800 });
    await page.getByRole('button', { name: /^Hide entry/ }).scrollIntoViewIfNeeded();
    const details = await page.getByRole('region', { name: /^Entry/ }).boundingBox();
    if (!details) throw new Error('The details are not shown.');
    expect(details.x).toBeGreaterThanOrEqual(0);
    expect(details.x + details.width).toBeLessThanOrEqual(400);
    // Behind as many entries as one search covers, it is found by the next one.
    await product.database.sql`
      INSERT INTO audit_entries (app_id, actor, action, target, detail)
      SELECT 1, 'delivery', 'many.entries', 'page', '{}' FROM generate_series(1, 20000)`;
    await page.getByRole('textbox', { name: 'Search' }).fill('token is');
    await page.getByText('No results').waitFor();
    await page.getByText(/^Searched back to/).waitFor();
    await page.getByRole('button', { name: 'Keep searching' }).click();
    await page.getByRole('row', { name: /channel\.down/ }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['apps', 'Apps'],
    ['agents', 'Agents'],
    ['queues', 'Queues'],
    ['channels', 'Channels'],
  ])('can use the page of %s without sight or a mouse', async (path, heading) => {
    const { page, errors, keep } = await adminAt(`/admin/${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
    expect(await accessibilityViolations(page)).toEqual([]);
    await keep(path);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
