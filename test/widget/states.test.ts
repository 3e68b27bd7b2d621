import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, startBrowser, type TestBrowser } from '../support/browser.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { type Look, walkStates } from '../support/widget-states.ts';

let product: TestProduct;
let browser: TestBrowser;
let admin: Employed;
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
  admin = await product.employ({ role: 'admin', name: 'Ada Lovelace', capacity: 50 });
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

const looks: readonly (Look & { readonly name: string })[] = [
  { name: 'light', locale: 'en', options: { colorScheme: 'light' } },
  {
    name: 'dark, from right to left, on a small screen',
    locale: 'ar',
    options: { colorScheme: 'dark', viewport: { width: 320, height: 640 } },
  },
];

describe('the chat is accessible in each of its states', () => {
  it.each(looks)('$name', async (look) => {
    const violations: string[] = [];
    const seen: string[] = [];
    await walkStates(product, browser, admin, look, async (state, page) => {
      seen.push(state);
      for (const violation of await accessibilityViolations(page)) violations.push(`${state}: ${violation}`);
      // Nothing is cut off at its side.
      const isCut = await page.evaluate(
        "(() => { const log = document.querySelector('[data-mevrik]').shadowRoot.querySelector('.log'); return log.scrollWidth > log.clientWidth; })()",
      );
      if (isCut) violations.push(`${state}: something is wider than the panel`);
    });
    expect(violations).toEqual([]);
    expect(seen).toHaveLength(13);
  });
});
