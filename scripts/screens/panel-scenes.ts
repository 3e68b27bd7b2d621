import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot } from './look.ts';

/** How the panel is looked at: by an administrator who is logged in. */
type PanelLook = Look & Required<Pick<Look, 'as'>>;

/** Every page that has an address of its own; the first is the overview. */
const pages = [
  ...['', 'health', 'events', 'dead-letters', 'replay', 'listeners', 'queues', 'channels', 'deliveries'],
  ...['webhook-events', 'emails', 'connections', 'canned-replies', 'apps', 'agents', 'audit'],
];

/** Pictures of each page, one event, one message and the settings of an app. */
export async function picturePanel(
  browser: Browser,
  look: PanelLook & { readonly appId: number; readonly folder: string },
): Promise<void> {
  const { scheme, width, folder, appId } = look;
  const { url } = look.as;
  const page = await openPage(browser, look);
  const keep = (name: string) => shoot(page, join(folder, `panel-${name}-${width}-${scheme}.png`));
  const visit = async (path: string) => {
    await page.goto(`${url}/admin/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  for (const path of pages) {
    await visit(path);
    await keep(path || 'overview');
  }
  await openEvent(page, url);
  await keep('event');
  await visit('messages?q=parcel');
  const found = page.getByRole('link', { name: /parcel/i }).first();
  await found.waitFor();
  await keep('find-message');
  await found.click();
  await page.waitForURL(/\/admin\/messages\/\d+/);
  await keep('message');
  await page.goto(`${url}/admin/apps/${appId}`);
  await page.getByRole('tab').first().waitFor();
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    await keep(`app-${((await tab.textContent()) ?? '').toLowerCase().replaceAll(' ', '-')}`);
  }
  await visit(`apps/${appId}/add-channel`);
  await keep('add-channel');
  await visit(`apps/${appId}/channels/facebook`);
  await keep('channel');
  await page.context().close();
  const stranger = await openPage(browser, { scheme, width, height: look.height });
  await stranger.goto(`${url}/login`);
  await stranger.getByRole('button', { name: 'Log in' }).waitFor();
  await shoot(stranger, join(folder, `panel-login-${width}-${scheme}.png`));
  await stranger.context().close();
}

/** The story of the newest message of a customer. */
export async function openStory(browser: Browser, look: PanelLook): Promise<Page> {
  const page = await openPage(browser, look);
  await openEvent(page, look.as.url);
  return page;
}

async function openEvent(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/admin/events`);
  await page.getByRole('link', { name: 'Customer message' }).first().click();
  await page.getByRole('heading', { name: 'Summary' }).waitFor();
}
