import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { openPage, startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { startTestProduct, type TestProduct } from './product.ts';
import { type Shop, type ShopOptions, startShop } from './shop.ts';

/** The product, a browser, and shop pages with the chat. */
export interface TestChat {
  readonly product: TestProduct;
  readonly browser: TestBrowser;
  /** Opens a page that must have no errors. */
  open(address: string, options?: Parameters<typeof openPage>[2]): Promise<Page>;
  startShop(options?: ShopOptions): Promise<Shop>;
  /** Closes all pages, and fails if one had an error. */
  closePages(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the product and a browser. */
export async function startChat(): Promise<TestChat> {
  const [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
  const pages: WatchedPage[] = [];
  return {
    product,
    browser,
    async open(address, options = {}) {
      const opened = await openPage(browser, address, options);
      pages.push(opened);
      return opened.page;
    },
    startShop: (options) => startShop(product, options),
    async closePages() {
      for (const { page, errors } of pages.splice(0)) {
        expect(errors).toEqual([]);
        await page.context().close();
      }
    },
    async stop() {
      await Promise.all([product.stop(), browser.close()]);
    },
  };
}

/** Opens the chat's panel. */
export async function openChat(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open chat' }).click();
}

/** Writes a message. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: /Write a message/ }).fill(text);
  await page.keyboard.press('Enter');
}

/** The texts of the visitor's messages, as shown. */
export const mine = (page: Page) => page.locator('.msg.mine').allInnerTexts();
