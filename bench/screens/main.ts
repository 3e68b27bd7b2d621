/**
 * `npm run bench:screens`: scrolls through long lists in headless Chromium, beside short ones in the same run, and
 * writes results.md. The database is the embedded one; Chromium is that of the machine.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@mevrik/client';
import { chromium, type Page } from 'playwright-core';
import { startProduct } from '../../packages/server/src/compose/product.ts';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { requireProgram } from '../../test/support/system-programs.ts';
import { startOwnDatabase } from '../own-database.ts';
import { dataFolder } from '../own-server.ts';
import { queryTimes } from './queries.ts';
import { type Measured, report } from './report.ts';
import { scroll, scrollThrough } from './scrolling.ts';
import { amounts, seed } from './seed.ts';

const list = '[aria-label="Conversations"] [class*="_scroll_"]';
const thread = '[role="log"]';
const password = 'a long passphrase';
const email = 'ada@example.com';
const measuring = { step: 90, frames: 400 };

const folder = await dataFolder();
const own = await startOwnDatabase();
const config = loadConfig({
  DATABASE_URL: own.url,
  DATA_DIR: folder.path,
  PORT: '0',
  LOG_LEVEL: 'silent',
  PUSHER_APP_ID: '1',
  PUSHER_APP_KEY: 'bench',
  PUSHER_APP_SECRET: 'a-secret-for-the-bench',
});
const product = await startProduct(config, createLog('silent', false));
const database = openDatabase(own.connection, { maxConnections: 2, applicationName: 'bench' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? requireProgram('chromium'),
  args: ['--no-sandbox', '--disable-quic'],
});
try {
  const sessions = await seed(database);
  const token = await logIn();
  const times = await queryTimes(product.url, token, database);
  const page = await open();
  const measured: Measured[] = [];
  const measure = async (name: string, like: string | null, part: string, act = measuring) => {
    measured.push({ name, like, ...(await scroll(page, part, act)) });
    console.log(JSON.stringify(measured.at(-1)));
  };

  await show(page, '/desk?view=all&channel=shop', list);
  await measure('a list of 100 conversations', null, list);
  await show(page, '/desk?view=all', list);
  const few = 'a list of 100 conversations';
  await measure('a list of 10,000, loaded on scroll', few, list);
  const last = page.getByRole('link', { name: new RegExp(` ${amounts.conversations}\\b`) });
  await scrollThrough(page, list, 'end', async () => (await last.count()) > 0);
  await measure('the same, fully loaded', few, list, { ...measuring, step: -90 });
  let stop = speak(sessions.short, token);
  await measure('the same, while ten messages per second arrive', few, list);
  await stop();

  await show(page, `/desk/${sessions.short}?view=mine`, thread);
  const little = 'a conversation of 100 messages';
  await measure(little, null, thread, { ...measuring, step: -90 });
  await show(page, `/desk/${sessions.long}?view=mine`, thread);
  await measure('a conversation of 5,000, loaded on scroll', little, thread, { ...measuring, step: -90 });
  const first = page.getByText('Line 1 and so on', { exact: true });
  await scrollThrough(page, thread, 'beginning', async () => (await first.count()) > 0);
  await measure('the same, fully loaded', little, thread);
  stop = speak(sessions.long, token);
  await measure('the same, while ten messages per second arrive', little, thread);
  await stop();
  const about = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, Chromium ${browser.version()} headless`;
  await writeFile(new URL('./results.md', import.meta.url), report({ about, measured, times }));
} finally {
  await browser.close();
  await database.close();
  await product.stop();
  await own.stop();
  await folder.remove();
}

/** The first administrator, at the setup address. @returns their token. */
async function logIn(): Promise<string> {
  const stranger = createClient({ url: product.url, appKey: 'bench' });
  const setup = new URL(product.setupUrl ?? '').searchParams.get('token');
  await stranger.call('POST', '/v1/setup', { body: { token: setup, name: 'Ada', email, password } });
  return (await stranger.rest.desk.login({ email, password })).accessToken;
}

async function open(): Promise<Page> {
  const { agent, ...tokens } = await createClient({ url: product.url, appKey: 'bench' }).rest.desk.login({
    email,
    password,
  });
  const value = JSON.stringify({ agent, tokens, savedAt: Date.now() });
  const origins = [{ origin: product.url, localStorage: [{ name: 'mevrik.session', value }] }];
  const viewport = { width: 1440, height: 900 };
  const context = await browser.newContext({ viewport, storageState: { cookies: [], origins } });
  // tsx makes named functions call this helper, also in code that runs in the page.
  await context.addInitScript('globalThis.__name = (named) => named');
  return context.newPage();
}

async function show(page: Page, path: string, part: string): Promise<void> {
  await page.goto(`${product.url}${path}`);
  await page.locator(part).waitFor();
  await page.waitForLoadState('networkidle');
}

/** Adds ten messages per second until it is stopped. */
function speak(sessionId: number, token: string): () => Promise<void> {
  const admin = createClient({ url: product.url, appKey: 'bench', token });
  let isStopped = false;
  const talking = (async () => {
    while (!isStopped) {
      await admin.rest.desk.addNote(sessionId, 'A word more');
      await delay(100);
    }
  })();
  return () => {
    isStopped = true;
    return talking;
  };
}
