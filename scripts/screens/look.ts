import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { requireProgram } from '../../test/support/system-programs.ts';

/** The browser settings of a screenshot. */
export interface Look {
  readonly scheme: 'dark' | 'light';
  readonly width: number;
  readonly height: number;
  /** The server, and the stored session of an agent. */
  readonly as?: { readonly url: string; readonly session: string };
  readonly locale?: string;
}

/** The Chromium of this machine, or the one at `CHROMIUM`. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? requireProgram('chromium'),
    args: ['--no-sandbox', '--disable-quic', '--force-color-profile=srgb'],
  });
}

/** A page in its own profile, without animations. Prints the errors of the page. */
export async function openPage(browser: Browser, { scheme, width, height, as, locale }: Look): Promise<Page> {
  const options: BrowserContextOptions = {
    colorScheme: scheme,
    reducedMotion: 'reduce',
    viewport: { width, height },
    ...(locale === undefined ? {} : { locale }),
  };
  if (as) {
    const localStorage = [{ name: 'mevrik.session', value: as.session }];
    options.storageState = { cookies: [], origins: [{ origin: as.url, localStorage }] };
  }
  const context = await browser.newContext(options);
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => console.error(`${page.url()}: ${error.message}`));
  return page;
}

/** Takes a screenshot once the network is idle, or after ten seconds. */
export async function shoot(page: Page, path: string): Promise<void> {
  // A page that streams is never idle.
  await page.waitForLoadState('networkidle', { timeout: 10_000 }).catch(() => undefined);
  await page.waitForTimeout(250);
  await page.screenshot({ path });
}
