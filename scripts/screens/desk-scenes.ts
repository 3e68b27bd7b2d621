import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

/** How the desk is looked at. */
export interface Look {
  readonly url: string;
  /** What the browser of whoever is logged in has kept. */
  readonly session: string;
  readonly scheme: 'dark' | 'light';
  readonly width: number;
  readonly height: number;
}

/** The desk with a conversation that goes on. */
export async function openDesk(browser: Browser, look: Look): Promise<Page> {
  const { url, session, scheme, width, height } = look;
  const localStorage = [{ name: 'mevrik.session', value: session }];
  const context = await browser.newContext({
    colorScheme: scheme,
    reducedMotion: 'reduce',
    viewport: { width, height },
    storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
  });
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => console.error(`${page.url()}: ${error.message}`));
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('link', { name: /Vera/ }).click();
  await page.getByRole('log').getByText('when it leaves').waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

/** Pictures of each of its states. */
export async function pictureDesk(browser: Browser, look: Look & { readonly folder: string }): Promise<void> {
  const { url, scheme, width, folder } = look;
  const page = await openDesk(browser, look);
  const { keyboard } = page;
  const shoot = async (name: string) => {
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(folder, `desk-${name}-${width}-${scheme}.png`) });
  };
  const reply = page.getByRole('textbox', { name: 'Reply to the customer' });
  const dialog = page.getByRole('dialog');
  await shoot('conversation');
  await reply.fill('');
  await reply.pressSequentially('/he');
  await page.getByRole('listbox', { name: 'Canned replies' }).waitFor();
  await shoot('canned');
  await reply.fill('');
  await reply.press('Escape');
  for (const [key, name] of [
    ['c', 'close'],
    ['t', 'transfer'],
    ['?', 'help'],
    ['Control+k', 'palette'],
  ] as const) {
    await keyboard.press(key);
    await dialog.waitFor();
    if (key === 'c') {
      await dialog.getByLabel('How did it go?').click();
      await page.getByRole('option', { name: 'refund' }).click();
    }
    await shoot(name);
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  }
  if (width < 1180) {
    await keyboard.press('i');
    await shoot('customer');
  }
  await keyboard.press('e');
  await page.getByRole('textbox', { name: 'Phone' }).waitFor();
  await shoot('edit');
  await page.goto(`${url}/desk?view=mine`);
  await page.getByText('No conversation is open').waitFor();
  await shoot('nothing-open');
  await page.goto(`${url}/desk?view=queue`);
  await page.getByRole('link', { name: /Sofia/ }).click();
  await page.getByRole('button', { name: 'Accept' }).waitFor();
  await shoot('waiting');
  await page.getByRole('link', { name: /Ingrid/ }).click();
  await page.getByRole('region', { name: 'The post that was commented on' }).waitFor();
  await shoot('comment');
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('link', { name: /Jonas/ }).click();
  await page.getByText('left to reply').waitFor();
  await shoot('messenger');
  await page.getByRole('button', { name: /Sound and notifications/ }).click();
  await page.getByRole('menuitem', { name: 'Hear how it sounds' }).waitFor();
  await shoot('alerts');
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('textbox', { name: 'Search conversations' }).fill('nobody at all');
  await page.getByText('Nobody of that name').waitFor();
  await shoot('nobody-found');
  // The network goes, and the server is not reached any more.
  await page.context().routeWebSocket(/\/app\//, (socket) => void socket.close({ code: 4100 }));
  await page.goto(`${url}/desk?view=queue`);
  await page.getByText('No connection').waitFor();
  await shoot('offline');
  await page.context().close();
}
