import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Look, openPage, shoot } from './look.ts';

/** The look of the panel: always logged in, as an administrator. */
type PanelLook = Look & Required<Pick<Look, 'as'>>;
type PanelScene = PanelLook & { readonly appId: number; readonly folder: string };
type Keep = (name: string) => Promise<void>;

/** The pages of the menu; the first is the overview. */
const pages = [
  '',
  'health',
  'messages',
  'events',
  'dead-letters',
  'replay',
  'listeners',
  'queues',
  'channels',
  'deliveries',
  'webhook-events',
  'emails',
  'connections',
  'canned-replies',
  'apps',
  'agents',
  'audit',
];

/** Screenshots of every page of the panel, with its dialogs and open rows. */
export async function picturePanel(browser: Browser, look: PanelScene): Promise<void> {
  const { scheme, width, folder } = look;
  const page = await openPage(browser, look);
  const keep: Keep = (name) => shoot(page, join(folder, `panel-${name}-${width}-${scheme}.png`));
  for (const path of pages) {
    await visit(page, look, path);
    await keep(path || 'overview');
  }
  await pictureOverview(page, look, keep);
  await pictureMessages(page, look, keep);
  await pictureOpenRows(page, look, keep);
  await pictureDeadLetters(page, look, keep);
  await pictureReplay(page, look, keep);
  await pictureDialogs(page, look, keep);
  await pictureApp(page, look, keep);
  await page.context().close();
  await pictureStrangers(browser, look);
}

async function visit(page: Page, look: PanelLook, path: string): Promise<void> {
  await page.goto(`${look.as.url}/admin/${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

async function pictureOverview(page: Page, look: PanelLook, keep: Keep): Promise<void> {
  await visit(page, look, '');
  await page.getByText('Tables', { exact: true }).click();
  await page.getByRole('table').first().waitFor();
  await page.getByRole('region', { name: 'Activity' }).scrollIntoViewIfNeeded();
  await keep('overview-tables');
  await page.getByText('Charts', { exact: true }).click();
  await page.getByRole('region', { name: 'Activity' }).evaluate((section) => section.scrollIntoView());
  await keep('overview-charts');
}

async function pictureMessages(page: Page, look: PanelLook, keep: Keep): Promise<void> {
  await openEvent(page, look.as.url);
  await keep('event');
  await visit(page, look, 'messages?q=parcel');
  const found = page.getByRole('link', { name: /parcel/i }).first();
  await found.waitFor();
  await keep('find-message');
  await found.click();
  await page.waitForURL(/\/admin\/messages\/\d+/);
  await keep('message');
  await visit(page, look, 'messages?q=nothing+like+this');
  await page.getByText('No results').waitFor();
  await keep('find-message-none');
}

/** Pages with a row that has been opened. */
async function pictureOpenRows(page: Page, look: PanelLook, keep: Keep): Promise<void> {
  for (const [path, button] of [
    ['deliveries', /^Attempts of message/],
    ['webhook-events', /^View webhook event/],
    ['emails', /^View/],
    ['audit', /^View entry/],
    ['connections', 'Watch'],
  ] as const) {
    await visit(page, look, path);
    await page.getByRole('button', { name: button }).first().click();
    await keep(`${path}-open`);
  }
}

/** The demonstration has no dead letters, so the page gets one made up. */
async function pictureDeadLetters(page: Page, look: PanelScene, keep: Keep): Promise<void> {
  const at = new Date(Date.now() - 240_000).toISOString();
  const error = 'TypeError: fetch failed: connect ECONNREFUSED 10.0.0.7:443';
  const item = {
    subscription: 'HandleMessageReadyEvent',
    eventId: '019ad0a0-0000-7000-8000-000000000001',
    type: 'MessageReadyEvent',
    key: `${look.appId}/web:019ad0a0-1111-7000-8000-000000000001`,
    appId: look.appId,
    partition: 12,
    offset: 318,
    status: 'dead',
    attempts: 5,
    retryAt: at,
    lastError: error,
    failures: [{ at, error }],
    parkedAt: at,
    replayId: null,
  };
  await page.route(/\/v1\/admin\/dead-letters\?/, (route) =>
    route.fulfill({ json: { items: [item], next: null } }),
  );
  await visit(page, look, 'dead-letters');
  await page.getByText('ECONNREFUSED').first().waitFor();
  await keep('dead-letter');
  await page.getByRole('button', { name: 'Discard' }).first().click();
  await page.getByRole('dialog').waitFor();
  await keep('dead-letter-discard');
  await page.unroute(/\/v1\/admin\/dead-letters\?/);
}

async function pictureReplay(page: Page, look: PanelScene, keep: Keep): Promise<void> {
  await visit(page, look, `replay?types=MessageReadyEvent&appId=${look.appId}&listeners=LogMessageEvent`);
  await page.getByRole('button', { name: 'Preview' }).click();
  const run = page.getByRole('region', { name: 'Preview' }).getByRole('button').last();
  await run.waitFor();
  await keep('replay-preview');
  await run.click();
  await page.getByRole('dialog').waitFor();
  await keep('replay-confirm');
  await page.getByRole('dialog').getByRole('button', { name: /^Run/ }).click();
  await page.waitForURL(/\/admin\/replay\/\d+/);
  await page.getByText('Done').first().waitFor();
  await keep('replay-run');
  await visit(page, look, 'replay');
  await keep('replay-history');
}

async function pictureDialogs(page: Page, look: PanelLook, keep: Keep): Promise<void> {
  for (const [path, button, name] of [
    ['agents', 'Add agent', 'add-agent'],
    ['agents', 'Edit', 'edit-agent'],
    ['apps', 'Create app', 'create-app'],
    ['canned-replies', 'Add canned reply', 'add-canned-reply'],
  ] as const) {
    await visit(page, look, path);
    await page.getByRole('button', { name: button }).first().click();
    await page.getByRole('dialog').waitFor();
    await keep(name);
  }
}

async function pictureApp(page: Page, look: PanelScene, keep: Keep): Promise<void> {
  const { appId } = look;
  await page.goto(`${look.as.url}/admin/apps/${appId}`);
  await page.getByRole('tab').first().waitFor();
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    const name = ((await tab.textContent()) ?? '').toLowerCase().replaceAll(' ', '-');
    if (name === 'business-hours') await page.getByRole('switch', { name: 'Set business hours' }).press(' ');
    await keep(`app-${name}`);
    if (name === 'settings') {
      await page.getByRole('button', { name: 'Save' }).last().scrollIntoViewIfNeeded();
      await keep('app-settings-end');
    }
  }
  await visit(page, look, `apps/${appId}/add-channel`);
  await keep('add-channel');
  for (const kind of ['web', 'api', 'facebook', 'instagram', 'whatsapp', 'email', 'telegram']) {
    await visit(page, look, `apps/${appId}/add-channel?kind=${kind}`);
    await keep(`add-channel-${kind}`);
  }
  await visit(page, look, `apps/${appId}/channels/facebook`);
  await keep('channel');
}

/** The pages without a login. */
async function pictureStrangers(browser: Browser, look: PanelScene): Promise<void> {
  const { scheme, width, height, folder } = look;
  const { url } = look.as;
  const page = await openPage(browser, { scheme, width, height });
  const keep: Keep = (name) => shoot(page, join(folder, `panel-${name}-${width}-${scheme}.png`));
  await page.goto(`${url}/login`);
  await page.getByRole('textbox', { name: 'Email' }).fill('someone@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await keep('login');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await keep('login-failed');
  await page.goto(`${url}/setup`);
  await keep('setup-expired');
  // The form is served only while there is no administrator.
  const form = new URL('../../packages/server/src/http/pages/assets/setup.html', import.meta.url);
  await page.route(`${url}/setup`, (route) =>
    route.fulfill({ contentType: 'text/html; charset=utf-8', body: readFileSync(form, 'utf8') }),
  );
  await page.goto(`${url}/setup`);
  await keep('setup');
  await page.context().close();
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
