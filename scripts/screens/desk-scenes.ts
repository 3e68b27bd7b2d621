import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot as picture } from './look.ts';

/** The look of the desk: always logged in. */
type DeskLook = Look & Required<Pick<Look, 'as'>>;

/** Opens the desk with an active conversation. */
export async function openDesk(browser: Browser, look: DeskLook): Promise<Page> {
  const page = await openPage(browser, look);
  await openConversation(page, look, 'mine', /Vera/);
  await page.getByRole('log').getByText('when it leaves').waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

/** Opens a conversation from its list, which hides it on narrow screens. */
async function openConversation(page: Page, look: DeskLook, view: string, name: RegExp): Promise<void> {
  await page.goto(`${look.as.url}/desk?view=${view}`);
  await page.getByRole('link', { name }).click();
}

/** Screenshots of every state of the desk. */
export async function pictureDesk(
  browser: Browser,
  look: DeskLook & { readonly folder: string },
): Promise<void> {
  const { scheme, width, folder } = look;
  const page = await openDesk(browser, look);
  const shoot = (name: string) => picture(page, join(folder, `desk-${name}-${width}-${scheme}.png`));
  await shoot('conversation');
  await pictureComposer(page, shoot);
  await pictureDialogs(page, shoot);
  await pictureCustomer(page, look, shoot);
  await pictureLists(page, look, shoot);
  await pictureOtherConversations(page, look, shoot);
  await pictureFailures(page, look, shoot);
  await page.context().close();
}

type Shoot = (name: string) => Promise<void>;

async function pictureComposer(page: Page, shoot: Shoot): Promise<void> {
  const reply = page.getByRole('textbox', { name: 'Reply to customer' });
  await reply.fill('');
  await reply.pressSequentially('/he');
  await page.getByRole('listbox', { name: 'Canned replies' }).waitFor();
  await shoot('canned');
  await reply.fill('');
  await page.getByRole('button', { name: 'Emoji' }).click();
  await page.getByRole('combobox', { name: 'Search emoji' }).waitFor();
  await shoot('emoji');
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.getByRole('textbox', { name: 'Internal note' }).fill('Ask the depot again on Monday.');
  await shoot('note');
  await page.getByRole('textbox', { name: 'Internal note' }).fill('');
  await page.keyboard.press('Escape');
  await page.keyboard.press('r');
  await reply.press('Escape');
}

async function pictureDialogs(page: Page, shoot: Shoot): Promise<void> {
  const dialog = page.getByRole('dialog');
  for (const [key, name] of [
    ['c', 'close'],
    ['t', 'transfer'],
    ['b', 'return-to-bot'],
    ['?', 'help'],
    ['Control+k', 'palette'],
  ] as const) {
    await page.keyboard.press(key);
    await dialog.waitFor();
    if (key === 'c') {
      await dialog.getByLabel('Outcome').click();
      await page.getByRole('option', { name: 'refund' }).click();
    }
    await shoot(name);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  }
}

async function pictureCustomer(page: Page, look: DeskLook, shoot: Shoot): Promise<void> {
  if (look.width < 1180) {
    await page.keyboard.press('i');
    await shoot('customer');
  }
  await page.keyboard.press('m');
  await page.getByRole('dialog').waitFor();
  await shoot('merge');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('e');
  await page.getByRole('textbox', { name: 'Phone' }).waitFor();
  await shoot('edit');
}

async function pictureLists(page: Page, look: DeskLook, shoot: Shoot): Promise<void> {
  const { url } = look.as;
  await page.goto(`${url}/desk?view=mine`);
  await page.getByRole('link', { name: /Vera/ }).waitFor();
  await shoot('nothing-open');
  for (const [button, name] of [
    ['Filter and sort', 'filters'],
    [/Availability/, 'availability'],
    [/account menu/, 'account'],
    [/Sound and notifications/, 'alerts'],
  ] as const) {
    await page.getByRole('button', { name: button }).click();
    await shoot(name);
    await page.keyboard.press('Escape');
  }
  await page.getByRole('textbox', { name: 'Search conversations' }).fill('no such customer');
  await page.getByText('No results').waitFor();
  await shoot('no-customer-found');
  await page.goto(`${url}/desk?view=all`);
  await page.getByRole('link', { name: /Vera/ }).waitFor();
  await shoot('all');
}

async function pictureOtherConversations(page: Page, look: DeskLook, shoot: Shoot): Promise<void> {
  await openConversation(page, look, 'queue', /Sofia/);
  await page.getByRole('button', { name: 'Accept' }).waitFor();
  await shoot('waiting');
  await openConversation(page, look, 'queue', /Ingrid/);
  await page.getByRole('region', { name: 'Original post' }).waitFor();
  await shoot('comment');
  await openConversation(page, look, 'mine', /Jonas/);
  await page.getByText('left to reply').waitFor();
  await shoot('messenger');
}

async function pictureFailures(page: Page, look: DeskLook, shoot: Shoot): Promise<void> {
  const { url } = look.as;
  await page.goto(`${url}/desk/999999`);
  await page.getByRole('alert').waitFor();
  await shoot('unknown-conversation');
  await page.goto(`${url}/desk/nowhere/at/all`);
  await page.getByText('Page not found').waitFor();
  await shoot('not-found');
  // Cut the network.
  await page.context().routeWebSocket(/\/app\//, (socket) => void socket.close({ code: 4100 }));
  await page.goto(`${url}/desk?view=queue`);
  await page.getByText('No connection').waitFor();
  await shoot('offline');
}
