import type { Page } from 'playwright-core';
import { openPage, type TestBrowser } from './browser.ts';
import type { TestProduct } from './product.ts';

/** A user on a page of the panel. */
export interface AtPanel {
  readonly page: Page;
  /** The errors that occurred on the page. */
  readonly errors: string[];
  /** Saves screenshots of the page, light and dark, at both widths, if `SCREENSHOTS` names a folder. */
  keep(name: string): Promise<void>;
}

/** Creates a user and opens a page of the panel for them, logged in. */
export async function logInAs(
  product: TestProduct,
  browser: TestBrowser,
  role: 'admin' | 'supervisor',
  path: string,
): Promise<AtPanel> {
  const { localStorage } = await product.employ({ role, name: 'Ada Lovelace' });
  const storageState = { cookies: [], origins: [{ origin: product.url, localStorage }] };
  const { page, errors } = await openPage(browser, `${product.url}${path}`, { storageState });
  return { page, errors, keep: (name) => keepPictures(page, name) };
}

async function keepPictures(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  const before = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const [width, height] of [
    [1920, 1080],
    [1280, 800],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png` });
    }
  }
  await page.setViewportSize(before);
}
