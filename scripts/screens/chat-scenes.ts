import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot } from './look.ts';

/** The demo page with the chat, and the folder of the screenshots. */
export interface ChatPlace {
  readonly url: string;
  readonly folder: string;
}

/** The sizes and languages to capture. */
const looks: readonly (Pick<Look, 'height' | 'width'> & { readonly locale: string })[] = [
  { width: 1280, height: 800, locale: 'en' },
  { width: 375, height: 720, locale: 'en' },
  { width: 360, height: 720, locale: 'bn' },
  { width: 390, height: 780, locale: 'ar' },
];

/** Screenshots of the chat, from the closed launcher to the queue. */
export async function pictureChat(
  browser: Browser,
  scheme: Look['scheme'],
  { url, folder }: ChatPlace,
): Promise<void> {
  for (const { locale, width, height } of looks) {
    const page = await openChatPage(browser, { scheme, width, height, locale }, url);
    const keep = (state: string) =>
      shoot(page, join(folder, `chat-${state}-${locale}-${width}-${scheme}.png`));
    await keep('closed');
    await page.locator('.launch').click();
    await page.locator('textarea').waitFor();
    await keep('empty');
    await talk(page);
    await keep('waiting');
    await page.context().close();
  }
}

/** Opens the demo page with a conversation in the chat. */
export async function openChat(browser: Browser, look: Look, url: string): Promise<Page> {
  const page = await openChatPage(browser, look, url);
  await page.locator('.launch').click();
  await talk(page);
  return page;
}

async function openChatPage(browser: Browser, look: Look, url: string): Promise<Page> {
  const { locale = 'en' } = look;
  const page = await openPage(browser, look);
  await page.goto(url);
  await page.waitForFunction(`'Mevrik' in window`);
  if (locale !== 'en') {
    // Only the chat is localized, not the demo page.
    await page.evaluate(`document.documentElement.lang = '${locale}'; Mevrik.init({ locale: '${locale}' })`);
  }
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
