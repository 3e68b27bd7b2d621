import { createHmac } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mine, openChat, say, startChat, type TestChat } from '../support/chat.ts';
import { eventually } from '../support/dispatch.ts';
import { startNetwork } from '../support/network.ts';
import type { Employed } from '../support/product.ts';
import type { Shop } from '../support/shop.ts';

let chat: TestChat;
let admin: Employed;
let shop: Shop;
beforeAll(async () => {
  chat = await startChat();
  admin = await chat.product.employ({ role: 'admin', name: 'Ada Lovelace', capacity: 50 });
  shop = await chat.startShop();
});
afterAll(async () => {
  await shop?.stop();
  await chat?.stop();
});
afterEach(() => chat.closePages());

const settle = (settings: object) => admin.call('PATCH', '/v1/admin/apps/1', { settings });
const proof = (userId: string) => createHmac('sha256', chat.product.app.secret).update(userId).digest('hex');

async function open(address = shop.url): Promise<Page> {
  const page = await chat.open(address);
  await page.locator('.launch').waitFor();
  return page;
}

const identify = (page: Page, userId: string) =>
  page.evaluate(`void Mevrik('identify', { userId: '${userId}', hmac: '${proof(userId)}' })`);

/** Writes the first message of a conversation in one tab. @returns another tab of the browser, which shows it. */
async function sayInTwoTabs(page: Page, text: string): Promise<Page> {
  await say(page, text);
  await page.locator('.msg.bot').last().waitFor();
  const beside = await page.context().newPage();
  await beside.goto(shop.url);
  await beside.locator('.msg.mine', { hasText: text }).waitFor();
  return beside;
}

/** The app's user ids of those who stored this text. */
async function storedFor(text: string): Promise<(string | null)[]> {
  const rows = await chat.product.database.sql<{ external_id: string | null }[]>`
    SELECT customers.external_id FROM messages JOIN customers ON customers.id = messages.customer_id
    WHERE content->>'text' = ${text}`;
  return rows.map((row) => row.external_id);
}

describe('a visitor in a browser that another person has used', () => {
  it('does not send the unsent messages of that person, and sees that they were discarded', async () => {
    const network = await startNetwork(Number(new URL(chat.product.url).port));
    const cutShop = await chat.startShop({ url: network.url });
    try {
      const page = await open(cutShop.url);
      await openChat(page);
      await say(page, 'Sent by a stranger');
      await page.locator('.msg.bot').first().waitFor();
      network.cut();
      await say(page, 'Never sent by a stranger');
      await page.locator('.msg.wait', { hasText: 'Never sent by a stranger' }).waitFor();
      await identify(page, 'u-1');
      await page.getByText('Unsent messages were discarded').waitFor();
      expect(await mine(page)).toEqual([]);
      network.restore();
      await page.locator('.notice button').or(page.locator('.msg.bot')).first().waitFor();
      if (await page.locator('.notice button').isVisible()) await page.locator('.notice button').click();
      await say(page, 'Sent by u-1');
      await expect.poll(() => storedFor('Sent by u-1')).toEqual(['u-1']);
      expect(await storedFor('Never sent by a stranger')).toEqual([]);
      await expect.poll(() => page.getByText('were discarded').count()).toBe(0);
    } finally {
      await cutShop.stop();
      network.stop();
    }
  });

  it('finds nothing of a visitor who has logged out, in any tab', async () => {
    const page = await open();
    await identify(page, 'u-2');
    await openChat(page);
    const beside = await sayInTwoTabs(page, 'Private to u-2');
    await page.evaluate('Mevrik.forget()');
    for (const one of [page, beside]) {
      await expect.poll(() => one.getByText('Private to u-2').count()).toBe(0);
    }
    await say(beside, 'Another visitor');
    await expect.poll(() => storedFor('Another visitor')).toEqual([null]);
    const shown = page.locator('.msg.mine', { hasText: 'Another visitor' });
    await expect.poll(() => shown.count()).toBe(1);
  });
});

it('tabs that begin at the same time after a logout are one visitor, and show the same conversation', async () => {
  const page = await open();
  await openChat(page);
  const beside = await sayInTwoTabs(page, 'Before the logout');
  let visits = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.context().route('**/v1/visitors', async (route) => {
    if (route.request().method() === 'POST') visits += 1;
    await released;
    await route.continue();
  });
  await page.evaluate('Mevrik.forget()');
  await say(beside, 'After the logout');
  await beside.locator('.msg.mine', { hasText: 'After the logout' }).waitFor();
  release();
  for (const one of [page, beside]) {
    const shown = one.locator('.msg.mine', { hasText: 'After the logout' });
    await expect.poll(() => shown.count()).toBe(1);
    expect(await mine(one)).toHaveLength(1);
  }
  expect(visits).toBe(1);
});

describe('a visitor', () => {
  it("sees their queue position, then the assigned agent, and the agent's availability", async () => {
    await admin.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
    const page = await open();
    await openChat(page);
    await page.locator('header', { hasText: 'Our team is online' }).waitFor();
    await say(page, 'I want to talk to a person');
    await page.locator('.line', { hasText: /You’re (next|number \d+) in the queue/ }).waitFor();
    const [item] = await eventually(
      () => chat.product.database.sql<{ id: number }[]>`
        SELECT id FROM queue_items WHERE status = 'waiting' ORDER BY id DESC LIMIT 1`,
      (rows) => rows.length > 0,
    );
    await admin.call('POST', `/v1/queue-items/${item?.id}/accept`);
    await page.locator('header', { hasText: 'Ada Lovelace' }).waitFor();
    await page.locator('header', { hasText: 'Online' }).waitFor();
    await page.locator('.line').waitFor({ state: 'hidden' });
    await admin.call('PUT', '/v1/agents/me/availability', { availability: 'away' });
    await page.locator('header', { hasText: 'Away' }).waitFor();
    await page.reload();
    await page.locator('header', { hasText: 'Ada Lovelace' }).waitFor();
    await page.locator('header', { hasText: 'Away' }).waitFor();
  });

  it('leaves a message while no agent is available, and sees its errors', async () => {
    await settle({ businessHours: { timeZone: 'UTC', weekly: {} } });
    try {
      const page = await open();
      await openChat(page);
      const send = page.getByRole('button', { name: 'Send message' });
      await send.click();
      await expect.poll(() => page.getByText('This field is required.').count()).toBe(3);
      await page.getByLabel('Your name').fill('Nora');
      await page.getByLabel('Email').fill('nora@home');
      await page.getByLabel('Your message').fill('Call me back about the blue one.');
      await send.click();
      // Browsers accept that address; the server does not.
      await page.getByText('Enter a valid email address.').waitFor();
      await page.getByLabel('Email').fill('nora@example.org');
      await send.click();
      await page.locator('.msg.mine', { hasText: 'Call me back' }).waitFor();
      await page.locator('.sys', { hasText: 'Thank you, we’ve received your message.' }).waitFor();
    } finally {
      await settle({ businessHours: null });
    }
  });

  it('cancels the upload of a file, and it is never sent', async () => {
    const page = await open();
    await openChat(page);
    await say(page, 'Here is a file');
    await page.locator('.msg.bot').last().waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    // Never answered: cancelling does not wait for a response.
    await page.route('**/v1/attachments*', () => {});
    await page.locator('input[type=file]').setInputFiles({
      name: 'invoice.txt',
      mimeType: 'text/plain',
      buffer: Buffer.alloc(200_000, 'x'),
    });
    await page.getByRole('progressbar', { name: 'Sending… invoice.txt' }).waitFor();
    await expect.poll(() => asked.includes('POST /v1/attachments')).toBe(true);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => page.locator('.msg.wait').count()).toBe(0);
    await say(page, 'No, I have it');
    await page.locator('.msg.mine:not(.wait)', { hasText: 'No, I have it' }).waitFor();
    expect(await mine(page)).toEqual(['Here is a file', 'No, I have it']);
  });

  it('needs no mouse, and screen readers announce nothing twice', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('I come by keyboard');
    await page.keyboard.press('Enter');
    await page.locator('.msg.bot').last().waitFor();
    const first = page.locator('.msg.mine:not(.wait)', { hasText: 'I come by keyboard' });
    await first.waitFor();
    await first.evaluate((node) => node.setAttribute('data-same', 'yes'));
    await page.keyboard.type('And again');
    await page.keyboard.press('Enter');
    await page.locator('.msg.mine:not(.wait)', { hasText: 'And again' }).waitFor();
    expect(await first.getAttribute('data-same')).toBe('yes');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    // A page that closes the chat does not take the focus from its own form.
    await page.evaluate(
      "document.querySelector('h1').outerHTML = '<input id=own>'; Mevrik.open(); document.querySelector('#own').focus(); Mevrik.close()",
    );
    expect(await page.evaluate('document.activeElement.id')).toBe('own');
  });

  it('sees the number of unread replies in the title of the tab', async () => {
    const page = await open();
    await openChat(page);
    await say(page, 'Are you there?');
    // The greeting, and the bot's reply.
    await expect.poll(() => page.locator('.msg.bot').count()).toBe(2);
    await page.keyboard.press('Escape');
    expect(await page.title()).toBe('Shop');
    const [session] = await chat.product.database.sql<
      { id: number }[]
    >`SELECT max(id)::int AS id FROM sessions`;
    await admin.call('POST', `/v1/sessions/${session?.id}/replies`, { text: 'Yes, I am' });
    await expect.poll(() => page.title()).toMatch(/^\(\d\) Shop$/);
    await page.getByRole('button', { name: /^Open chat\. New messages: \d/ }).click();
    await expect.poll(() => page.title()).toBe('Shop');
  });
});
