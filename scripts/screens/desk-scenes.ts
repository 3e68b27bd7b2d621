import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot as picture } from './look.ts';

/** The look of the desk: always logged in. */
type DeskLook = Look & Required<Pick<Look, 'as'>>;

/** Opens the desk with an active conversation. */
export async function openDesk(browser: Browser, look: DeskLook): Promise<Page> {
  const page = await openPage(browser, look);
  await page.goto(`${look.as.url}/desk?view=mine`);
  await page.getByRole('link', { name: /Vera/ }).click();
  await page.getByRole('log').getByText('when it leaves').waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

/** Screenshots of every state of the desk. */
export async function pictureDesk(
  browser: Browser,
  look: DeskLook & { readonly folder: string },
): Promise<void> {
  const { scheme, width, folder } = look;
  const { url } = look.as;
  const page = await openDesk(browser, look);
  const { keyboard } = page;
  const shoot = (name: string) => picture(page, join(folder, `desk-${name}-${width}-${scheme}.png`));
  const reply = page.getByRole('textbox', { name: 'Reply to customer' });
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
      await dialog.getByLabel('Outcome').click();
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
  await page.getByText('No conversation selected').waitFor();
  await shoot('nothing-open');
  await page.goto(`${url}/desk?view=queue`);
  await page.getByRole('link', { name: /Sofia/ }).click();
  await page.getByRole('button', { name: 'Accept' }).waitFor();
  await shoot('waiting');
  await page.getByRole('link', { name: /Ingrid/ }).click();
  await page.getByRole('region', { name: 'Original post' }).waitFor();
  await shoot('comment');
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('link', { name: /Jonas/ }).click();
  await page.getByText('left to reply').waitFor();
  await shoot('messenger');
  await page.getByRole('button', { name: /Sound and notifications/ }).click();
  await page.getByRole('menuitem', { name: 'Play test sound' }).waitFor();
  await shoot('alerts');
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('textbox', { name: 'Search conversations' }).fill('nobody at all');
  await page.getByText('No results').waitFor();
  await shoot('nobody-found');
  // Cut the network.
  await page.context().routeWebSocket(/\/app\//, (socket) => void socket.close({ code: 4100 }));
  await page.goto(`${url}/desk?view=queue`);
  await page.getByText('No connection').waitFor();
  await shoot('offline');
  await page.context().close();
}
