import type { BrowserContextOptions, Page } from 'playwright-core';
import type { TestBrowser } from './browser.ts';
import { eventually } from './dispatch.ts';
import type { Employed, TestProduct } from './product.ts';
import { startShop } from './shop.ts';

/** How the chat is shown. */
export interface Look {
  readonly locale: 'ar' | 'bn' | 'en';
  readonly options: BrowserContextOptions;
}

/** Walks through every state of the chat; `at` is called in each. */
export async function walkStates(
  product: TestProduct,
  browser: TestBrowser,
  admin: Employed,
  { locale, options }: Look,
  at: Visit,
): Promise<void> {
  const settle = (settings: object) => admin.call('PATCH', '/v1/admin/apps/1', { settings });
  const shop = await startShop(product, { lang: locale });
  const asking = await startShop(product, { lang: locale, attributes: 'data-pre-chat="name,email,Order?"' });
  const context = await browser.newContext(options);
  try {
    await preChat(await openWidget(context, asking.url), at);
    await settle({ ...closed, welcome: false });
    await offline(context, at, shop.url);
    await settle({ businessHours: null });
    const page = await openWidget(context, shop.url);
    const sessionId = await withBot(product, admin, page, at);
    await uploading(page, at);
    await unsent(page, at);
    await withAgent({ product, admin, sessionId }, page, at);
    await unreachable(await context.newPage(), shop.url, at);
  } finally {
    await admin.call('PUT', '/v1/agents/me/availability', { availability: 'offline' });
    await settle({ businessHours: null, welcome: true });
    await context.close();
    await Promise.all([shop.stop(), asking.stop()]);
  }
}

type Visit = (name: string, page: Page) => Promise<void>;

async function openWidget(context: { newPage(): Promise<Page> }, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('.launch').waitFor();
  return page;
}

async function write(page: Page, text: string): Promise<void> {
  await page.locator('.composer textarea').fill(text);
  await page.keyboard.press('Enter');
  await page.locator('.msg.mine:not(.wait)', { hasText: text }).waitFor();
}

/** The closed widget, and its form before the chat with an error. */
async function preChat(page: Page, at: Visit): Promise<void> {
  await at('closed', page);
  await page.locator('.launch').click();
  await page.locator('input[name=email]').fill('unknown');
  await page.locator('.big').click();
  await page.locator('[aria-invalid=true]').first().waitFor();
  await at('pre-chat', page);
  await page.close();
}

/** An empty chat, and one with messages and files of all kinds. @returns the session. */
async function withBot(product: TestProduct, admin: Employed, page: Page, at: Visit): Promise<number> {
  await page.locator('.launch').click();
  await page.locator('.hello').waitFor();
  await at('empty', page);
  await write(page, 'Where is my parcel? See https://example.com/track?number=20418-77');
  await page.locator('.msg.bot').first().waitFor();
  await page.locator('input[type=file]').setInputFiles([
    { name: 'parcel.png', mimeType: 'image/png', buffer: picture },
    {
      name: 'The terms and conditions of the delivery, as of March.txt',
      mimeType: 'text/plain',
      buffer: words,
    },
  ]);
  await page.locator('a.file').waitFor();
  await page.locator('.pic img').waitFor();
  const sessionId = await sessionOf(product);
  await admin.call('POST', `/v1/sessions/${sessionId}/replies`, {
    text: 'Which of these is it?',
    quickReplies: ['Parcel', 'Letter', 'Something else'].map((title) => ({ title, payload: title })),
  });
  await page.locator('.choices').last().waitFor();
  await at('conversation', page);
  return sessionId;
}

/** The queue, an agent who is typing, and the survey. */
async function withAgent(
  { product, admin, sessionId }: { product: TestProduct; admin: Employed; sessionId: number },
  page: Page,
  at: Visit,
): Promise<void> {
  await write(page, 'I want to talk to a person');
  await page.locator('.line:not([hidden])').waitFor();
  await product.database.sql`
    INSERT INTO queue_items (app_id, session_id, customer_id, case_id, conversation_key, queue, reason, status,
                             created_at, assigned_at, finished_at)
    SELECT app_id, session_id, customer_id, case_id, conversation_key, queue, reason, 'done',
           now() - interval '1 hour', now() - ago * interval '4 minutes', now()
    FROM queue_items, generate_series(0, 4) AS ago WHERE session_id = ${sessionId}`;
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  await page.locator('.line', { hasText: /minute|دق|মিনিট/ }).waitFor();
  await at('waiting', page);
  const item = await itemOf(product, sessionId);
  await admin.call('POST', `/v1/queue-items/${item.id}/accept`);
  const text = 'Hello! I am looking into it right now.';
  await admin.call('POST', `/v1/sessions/${sessionId}/replies`, { text });
  await page.locator('.msg', { hasText: text }).waitFor();
  await admin.call('POST', `/v1/sessions/${sessionId}/typing`, { typing: true });
  await at('agent', page);
  await admin.call('POST', `/v1/cases/${item.case_id}/close`, { disposition: 'resolved' });
  await page.locator('.stars').waitFor();
  await page.locator('.stars button').nth(3).click();
  await at('survey', page);
  await page.locator('.card .big').click();
  await page.locator('.sys [role=img]').waitFor();
  await page.close();
}

/** A server that cannot be reached. */
async function unreachable(page: Page, url: string, at: Visit): Promise<void> {
  await page.route('**/v1/**', (route) => route.abort());
  await page.goto(url);
  await page.locator('.launch').or(page.locator('.notice:not([hidden])')).first().waitFor();
  if (!(await page.locator('.panel').isVisible())) await page.locator('.launch').click();
  await page.locator('.notice:not([hidden])').waitFor();
  await at('unreachable', page);
}

const closed = { businessHours: { timeZone: 'UTC', weekly: {} } };

/** No agent is available: the form, its errors, and its result. */
async function offline(
  context: { newPage(): Promise<Page> },
  at: (name: string, page: Page) => Promise<void>,
  url: string,
): Promise<void> {
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('.launch').click();
  await page.locator('input[name=name]').fill('Vera');
  await page.locator('.big').click();
  await page.locator('[aria-invalid=true]').first().waitFor();
  await at('offline-form', page);
  await page.locator('input[name=email]').fill('vera@example.org');
  await page.locator('textarea[name=text]').fill('My parcel is lost.');
  await page.locator('.big').click();
  await page.locator('.submitted').or(page.locator('.sys')).first().waitFor();
  await at('left', page);
  await page.evaluate('Mevrik.forget(); Mevrik.close()');
  await page.close();
}

/** A file being uploaded, and a rejected one. */
async function uploading(page: Page, at: (name: string, page: Page) => Promise<void>): Promise<void> {
  let letGo = () => {};
  const isLetGo = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route('**/v1/attachments*', async (route) => {
    await isLetGo;
    // The page may have been closed meanwhile.
    await route.abort().catch(() => {});
  });
  const file = { name: 'invoice.txt', mimeType: 'text/plain', buffer: words };
  await page.locator('input[type=file]').setInputFiles(file);
  await page.locator('progress').waitFor();
  await at('uploading', page);
  await page.locator('.upload-progress button').click();
  letGo();
  await page.unroute('**/v1/attachments*');
  await page.route('**/v1/attachments*', (route) =>
    route.fulfill({
      status: 415,
      json: { code: 'unsupported', detail: 'Files of this kind are not taken.' },
    }),
  );
  await page.locator('input[type=file]').setInputFiles(file);
  await page.locator('.msg .bad').waitFor();
  await at('refused', page);
  await page.locator('.msg .bad button').last().click();
  await page.unroute('**/v1/attachments*');
}

/** A message that was not sent. */
async function unsent(page: Page, at: (name: string, page: Page) => Promise<void>): Promise<void> {
  await page.route('**/v1/messages', (route) =>
    route.request().method() === 'POST'
      ? route.fulfill({ status: 409, json: { code: 'conflict', title: 'No', status: 409 } })
      : route.continue(),
  );
  await page.locator('.composer textarea').fill('It is urgent');
  await page.keyboard.press('Enter');
  await page.locator('.meta.bad').waitFor();
  await at('unsent', page);
  await page.locator('.meta.bad button').last().click();
  await page.unroute('**/v1/messages');
}

async function sessionOf({ database }: TestProduct): Promise<number> {
  const [row] = await database.sql<{ id: number }[]>`SELECT max(id)::int AS id FROM sessions`;
  return row?.id ?? 0;
}

async function itemOf({ database }: TestProduct, sessionId: number) {
  const [item] = await eventually(
    () => database.sql<{ id: number; case_id: number }[]>`
      SELECT id, case_id FROM queue_items WHERE session_id = ${sessionId} AND status = 'waiting'`,
    (rows) => rows.length > 0,
  );
  if (!item) throw new Error('No conversation is waiting.');
  return item;
}

const words = Buffer.from('Terms and conditions. '.repeat(900));
/** A small picture of two colours. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
