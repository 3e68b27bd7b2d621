import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

/** A page in a new browser profile, with the errors that occurred on it. */
async function open(address: string) {
  const page = await (await browser.newContext()).newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const response = await page.goto(address);
  return { page, errors, status: response?.status() };
}

describe('a new installation in a browser', () => {
  it('links from its landing page to the API reference', async () => {
    const { page, errors } = await open(product.url);
    await page.getByRole('link', { name: 'API reference' }).click();
    await page.getByRole('link', { name: 'conversation' }).click();
    await page.locator('[data-path="/v1/messages"]').first().waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  it('creates its first administrator at the setup link, by keyboard alone', async () => {
    const address = product.setupUrl as string;
    const { page, errors } = await open(address);
    await page.getByLabel('Your name').focus();
    for (const text of ['Ada', 'ada@example.com', 'a long passphrase']) {
      await page.keyboard.type(text);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /ready|welcome/i }).waitFor();
    const login = await product.call('POST', '/v1/agents/login', {
      body: { email: 'ada@example.com', password: 'a long passphrase' },
    });
    expect(login.body).toMatchObject({ agent: { name: 'Ada', role: 'admin' } });
    expect(errors).toEqual([]);
    await page.close();

    const again = await open(address);
    expect(again.status).toBe(410);
    await again.page.close();
  });
});

describe('the setup page', () => {
  it('shows errors and can be submitted again', async () => {
    const other = await startTestProduct();
    const { page } = await open(other.setupUrl as string);
    await page.getByLabel('Your name').fill('Ada');
    await page.getByLabel('Email').fill('ada@example');
    await page.getByLabel('Password').fill('a long passphrase');
    await page.getByRole('button').click();
    await expect.poll(() => page.getByRole('alert').textContent()).not.toBe('');
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: /ready|welcome/i }).waitFor();
    await page.close();
    await other.stop();
  });

  it('fits a narrow screen', async () => {
    const other = await startTestProduct();
    const { page } = await open(other.setupUrl as string);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    await page.close();
    await other.stop();
  });
});
