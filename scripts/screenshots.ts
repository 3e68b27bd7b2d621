/**
 * Pictures of every screen, with conversations in them: `npm run screenshots -- FOLDER`. Wants PostgreSQL's programs as
 * the tests do, and Chromium.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@mevrik/client';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startProduct } from '../packages/server/src/compose.ts';
import { loadConfig } from '../packages/server/src/config.ts';
import { createLog } from '../packages/server/src/observe/log.ts';

const folder = process.argv[2] ?? 'docs/images';
mkdirSync(folder, { recursive: true });
const password = 'a long passphrase';
const email = 'ada@example.com';

const dataDir = await mkdtemp(join(tmpdir(), 'mevrik-screens-'));
const config = loadConfig({
  DATA_DIR: dataDir,
  PORT: '0',
  LOG_LEVEL: 'silent',
  PUSHER_APP_ID: '1',
  PUSHER_APP_KEY: 'acme-shop',
  PUSHER_APP_SECRET: 'a-secret-for-pictures',
});
const product = await startProduct(config, createLog('silent', false));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--force-color-profile=srgb'],
});
try {
  await fill();
  await picture(browser);
} finally {
  await browser.close();
  await product.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** An administrator, two agents, and customers with something to say. */
async function fill(): Promise<void> {
  const stranger = createClient({ url: product.url, appKey: 'acme-shop' });
  const setup = new URL(product.setupUrl ?? '');
  await stranger.call('POST', '/v1/setup', {
    body: { token: setup.searchParams.get('token'), name: 'Ada Lovelace', email, password },
  });
  const { accessToken } = await stranger.rest.login({ email, password });
  const admin = createClient({ url: product.url, appKey: 'acme-shop', token: accessToken });
  await admin.call('PATCH', '/v1/admin/apps/1', { body: { name: 'Acme Shop' } });
  for (const [name, skills] of [
    ['Kim Park', ['billing', 'english']],
    ['Noor Rahman', ['shipping', 'bengali']],
  ] as const) {
    const person = { name, email: `${name.split(' ')[0]?.toLowerCase()}@example.com`, password, skills };
    await admin.call('POST', '/v1/admin/agents', { body: { ...person, role: 'agent', appIds: [1] } });
  }
  await admin.rest.setAvailability({ availability: 'away', capacity: 20 });
  const customers = [
    ['Vera Lindqvist', 'My parcel still says “in transit” since Tuesday. Can you look where it is?'],
    ['Rafi Ahmed', 'Can I change the delivery address of order 20418?'],
    ['Sofia Marino', 'The invoice shows my old company name, I need a corrected one.'],
    ['Jonas Weber', 'Do you ship to Switzerland?'],
    ['Amina Diallo', 'The zip of the jacket broke on the first day :('],
    ['Chen Wei', 'Is the blue one back in stock next week?'],
    ['Lucía Fernández', 'Thanks for the quick help yesterday!'],
  ] as const;
  for (const [at, [name, text]] of customers.entries()) {
    const { accessToken: token, session } = await stranger.rest.startVisit({
      profile: { name, email: `customer-${at}@example.org`, attributes: { plan: 'gold', orders: 7 + at } },
    });
    const customer = createClient({ url: product.url, appKey: 'acme-shop', token });
    await customer.rest.writeMessage({ text });
    await customer.rest.writeMessage({ text: 'I want to talk to a person' });
    if (at >= 4) continue;
    const item = await until(async () =>
      (await admin.rest.queueItems({ status: 'waiting' })).items.find(
        ({ sessionId }) => sessionId === session.id,
      ),
    );
    await admin.rest.acceptQueueItem(item.id);
    if (at > 1) continue;
    await admin.rest.reply(session.id, {
      text: `Hello ${name.split(' ')[0]}, I am looking into it right now.`,
    });
    await customer.rest.writeMessage({ text: 'Thank you! The number is 20418-77.' });
    await admin.rest.addNote(session.id, 'Carrier says: held at the depot in Malmö, address label damaged.');
    await admin.rest.reply(session.id, {
      text: 'Found it: the label was damaged and the parcel waits at the depot in Malmö. I have asked them to print a new one; it goes out tomorrow morning.',
    });
    await customer.rest.writeMessage({ text: 'Great, that was fast.' });
  }
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function picture(browser: Browser): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(`${page.url()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => console.error(`${page.url()}: ${error.message}`));
    const shoot = async (name: string) => {
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) });
    };
    await customers(browser, scheme);
    await page.goto(`${product.url}/login`);
    await shoot('login');
    await logIn(page);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await shoot('admin-overview');
    for (const place of [
      'events',
      'dead-letters',
      'replay',
      'listeners',
      'connections',
      'apps',
      'agents',
      'audit',
    ]) {
      await page.goto(`${product.url}/admin/${place}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await shoot(`admin-${place}`);
    }
    await page.goto(`${product.url}/admin/events`);
    await page
      .getByRole('link', { name: 'A customer nobody knew before' })
      .or(page.getByRole('link', { name: 'A customer’s message' }))
      .first()
      .click();
    await page.getByRole('heading', { name: 'Listeners' }).waitFor();
    await shoot('admin-event');
    await page.goto(`${product.url}/admin/apps/1`);
    await page.getByRole('tab', { name: 'Channels' }).waitFor();
    await shoot('admin-app');
    await page.getByRole('tab', { name: 'Bot' }).click();
    await shoot('admin-bot');
    await page.getByRole('tab', { name: 'Routing rules' }).click();
    await shoot('admin-rules');
    await page.goto(`${product.url}/desk?view=queue`);
    await page.getByRole('link', { name: /Amina/ }).waitFor();
    await shoot('desk-queue');
    await page.goto(`${product.url}/desk`);
    await page.getByRole('link', { name: /Vera/ }).click();
    await page.getByText('that was fast').last().waitFor();
    await shoot('desk');
    await page.setViewportSize({ width: 800, height: 900 });
    await shoot('desk-narrow');
    await context.close();
  }
}

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** The demonstration page, and the chat in its states. */
async function customers(browser: Browser, scheme: 'dark' | 'light'): Promise<void> {
  for (const [name, viewport, locale] of [
    ['widget', { width: 1280, height: 800 }, 'en'],
    ['widget-phone', { width: 360, height: 720 }, 'bn'],
    ['widget-rtl', { width: 390, height: 780 }, 'ar'],
  ] as const) {
    const context = await browser.newContext({ colorScheme: scheme, viewport, locale });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(`${page.url()}: ${message.text()}`);
    });
    await page.goto(product.url);
    await page.evaluate(`document.documentElement.lang = '${locale}'`);
    if (locale !== 'en') {
      await page.waitForFunction(`'Mevrik' in window`);
      await page.evaluate(`Mevrik.init({ locale: '${locale}' })`);
    }
    await page.waitForLoadState('networkidle');
    if (locale === 'en') await page.screenshot({ path: join(folder, `landing-${scheme}.png`) });
    await page.locator('.launch').click();
    await page.locator('textarea').waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(folder, `${name}-empty-${scheme}.png`) });
    await page
      .locator('textarea')
      .fill('Where is my parcel? The number is 20418-77, see https://example.com/track');
    await page.keyboard.press('Enter');
    await page.locator('.msg.bot').first().waitFor();
    await page.locator('textarea').fill('I want to talk to a person');
    await page.keyboard.press('Enter');
    await page.locator('.sys').first().waitFor();
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `${name}-${scheme}.png`) });
    await context.close();
  }
}
