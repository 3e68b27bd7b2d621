import { join } from 'node:path';
import type { Client } from '@mevrik/client';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot } from './look.ts';

/** The demo page with the chat, and the folder of the screenshots. */
export interface ChatTarget {
  readonly url: string;
  readonly folder: string;
  /** The client of an administrator, who serves the visitors and changes the app's settings. */
  readonly admin: Client;
}

/** The sizes and languages to capture. */
const looks: readonly (Pick<Look, 'height' | 'width'> & { readonly locale: string })[] = [
  { width: 1280, height: 800, locale: 'en' },
  { width: 375, height: 720, locale: 'en' },
  { width: 360, height: 720, locale: 'bn' },
  { width: 390, height: 780, locale: 'ar' },
];

/** Screenshots of the chat: from the closed launcher to the rating, and both forms. */
export async function pictureChat(
  browser: Browser,
  scheme: Look['scheme'],
  target: ChatTarget,
): Promise<void> {
  for (const { locale, width, height } of looks) {
    const look = { scheme, width, height, locale };
    const keepOf = (page: Page) => (state: string) =>
      shoot(page, join(target.folder, `chat-${state}-${locale}-${width}-${scheme}.png`));
    await pictureConversation(await openChatPage(browser, look, target.url), target, keepOf);
    await picturePreChat(
      await openChatPage(browser, look, target.url, { preChat: 'name, email, order?' }),
      keepOf,
    );
    await target.admin.call('PATCH', '/v1/admin/apps/1', { body: { settings: closed } });
    await pictureOfflineForm(await openChatPage(browser, look, target.url), keepOf);
    await target.admin.call('PATCH', '/v1/admin/apps/1', { body: { settings: { businessHours: null } } });
  }
}

type KeepOf = (page: Page) => (state: string) => Promise<void>;

const closed = { businessHours: { timeZone: 'UTC', weekly: {} }, offline: { form: 'closed' } };

async function pictureConversation(page: Page, { admin }: ChatTarget, keepOf: KeepOf): Promise<void> {
  const keep = keepOf(page);
  await keep('closed');
  await page.locator('.launch').click();
  await page.locator('textarea').waitFor();
  await page.locator('.msg').first().waitFor();
  await keep('empty');
  await talk(page);
  await keep('waiting');
  const { items } = await admin.rest.desk.conversations({ view: 'queue', limit: 1 });
  const [row] = items;
  if (!row?.queueItem || !row.case) throw new Error('The conversation is not in the queue.');
  await admin.rest.desk.acceptQueueItem(row.queueItem.id);
  await admin.rest.desk.reply(row.session.id, { text: 'It arrives tomorrow. Sorry for the wait!' });
  await page.getByText('It arrives tomorrow').waitFor();
  await keep('agent');
  await admin.rest.desk.closeCase(row.case.id, { disposition: 'resolved' });
  await page.locator('.stars').waitFor();
  await keep('rating');
  await page.context().close();
}

async function picturePreChat(page: Page, keepOf: KeepOf): Promise<void> {
  await page.locator('.launch').click();
  await page.locator('form:visible input').first().waitFor();
  await page.locator('form:visible button[type=submit]').click();
  await keepOf(page)('pre-chat');
  await page.context().close();
}

async function pictureOfflineForm(page: Page, keepOf: KeepOf): Promise<void> {
  await page.locator('.launch').click();
  await page.locator('form:visible input[type=email]').waitFor();
  await keepOf(page)('offline-form');
  await page.context().close();
}

/** Opens the demo page with a conversation in the chat. */
export async function openChat(browser: Browser, look: Look, url: string): Promise<Page> {
  const page = await openChatPage(browser, look, url);
  await page.locator('.launch').click();
  await talk(page);
  return page;
}

async function openChatPage(
  browser: Browser,
  look: Look,
  url: string,
  options: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const { locale = 'en' } = look;
  const page = await openPage(browser, look);
  await page.goto(url);
  await page.waitForFunction(`'Mevrik' in window`);
  // Only the chat is localized, not the demo page.
  if (locale !== 'en' || Object.keys(options).length > 0)
    await page.evaluate(`Mevrik.init(${JSON.stringify({ locale, ...options })})`);
  return page;
}

/** A customer says hello and asks for an agent. */
async function talk(page: Page): Promise<void> {
  const say = async (text: string) => {
    await page.locator('textarea').fill(text);
    await page.keyboard.press('Enter');
  };
  await say('Hello!');
  await page.getByText('Choose an option').waitFor();
  await say(
    'My parcel has not moved since Tuesday: https://example.com/t/20418. I want to talk to a person.',
  );
  await page.locator('.sys').first().waitFor();
}
