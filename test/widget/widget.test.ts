import { createHmac } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mine, openChat, say, startChat, type TestChat } from '../support/chat.ts';
import { startNetwork } from '../support/network.ts';

let chat: TestChat;
beforeAll(async () => {
  chat = await startChat();
});
afterAll(() => chat?.stop());
afterEach(() => chat.closePages());

describe('a visitor', () => {
  it('who writes without a network has the messages sent once when it is back, in order', async () => {
    const network = await startNetwork(Number(new URL(chat.product.url).port));
    const shop = await chat.startShop({ url: network.url });
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'one');
      await page.locator('.msg.bot').first().waitFor();
      network.cut();
      for (const text of ['two', 'three']) await say(page, text);
      await page.getByText('Connection lost').waitFor();
      expect(await mine(page)).toEqual(['one', 'two', 'three']);
      network.restore();
      await expect.poll(() => page.locator('.msg.wait').count()).toBe(0);
      await expect.poll(() => mine(page)).toEqual(['one', 'two', 'three']);
      const rows = await chat.product.database.sql<{ text: string }[]>`
        SELECT content->>'text' AS text FROM messages WHERE NOT is_reply AND session_id = (
          SELECT max(session_id) FROM messages WHERE content->>'text' = 'three') ORDER BY id`;
      expect(rows.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    } finally {
      await shop.stop();
      network.stop();
    }
  });

  it('finds the conversation again on the next page and in another tab, with new messages', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'Remember me');
      await page.locator('.msg.bot').last().waitFor();
      await page.keyboard.press('Escape');
      await page.reload();
      const beside = await page.context().newPage();
      await beside.goto(shop.url);
      await openChat(beside);
      await expect.poll(() => mine(beside)).toEqual(['Remember me']);
      await beside.keyboard.press('Escape');
      const [session] = await chat.product.database.sql<
        { id: number }[]
      >`SELECT max(id)::int AS id FROM sessions`;
      const admin = await chat.product.employ({ role: 'admin', name: 'Ada' });
      await admin.call('POST', `/v1/sessions/${session?.id}/replies`, { text: 'I do remember you' });
      for (const one of [page, beside]) await one.getByRole('button', { name: /New messages: \d/ }).waitFor();
      await openChat(beside);
      await beside.locator('.msg', { hasText: 'I do remember you' }).waitFor();
      // Reading in one tab marks it as read in all.
      await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
      await say(beside, 'From the other tab');
      await openChat(page);
      await expect.poll(() => mine(page)).toEqual(['Remember me', 'From the other tab']);
    } finally {
      await shop.stop();
    }
  });

  it('sees that they wait in the queue, also when that is known before the response to their message', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'Hello');
      await page.locator('.msg.bot').last().waitFor();
      const line = page.locator('.line:not([hidden])');
      const isAnswered = new Promise<void>((resolve, reject) => {
        const answerLate = async (route: Route) => {
          const response = await route.fetch();
          await line.waitFor();
          await route.fulfill({ response });
        };
        const hold = (route: Route) => answerLate(route).then(resolve, reject);
        page.route('**/v1/messages', hold, { times: 1 }).catch(reject);
      });
      await say(page, 'I want to talk to a person');
      await isAnswered;
      // The page has read the response before that of a later request.
      await page.evaluate('fetch(location.href).then(() => undefined)');
      expect(await line.count()).toBe(1);
    } finally {
      await shop.stop();
    }
  });

  it('sees a message once in every tab, while the response to it is on its way', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'Hello');
      await page.locator('.msg.bot').last().waitFor();
      const release = new EventEmitter();
      await page.context().route('**/v1/messages', async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        const released = once(release, 'all');
        const response = await route.fetch();
        await released;
        await route.fulfill({ response });
      });
      await say(page, 'Once only');
      const beside = await page.context().newPage();
      await beside.goto(shop.url);
      await beside.locator('.msg.mine:not(.wait)', { hasText: 'Once only' }).waitFor();
      expect(await mine(beside)).toEqual(['Hello', 'Once only']);
      release.emit('all');
      for (const one of [page, beside]) {
        await expect.poll(() => one.locator('.msg.wait').count()).toBe(0);
        expect(await mine(one)).toEqual(['Hello', 'Once only']);
      }
    } finally {
      await shop.stop();
    }
  });

  it('sees a picture where it was sent, and a link where there is none to see', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      const dot =
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      await page.route('https://files.example.org/**', (route) =>
        route.request().url().endsWith('cat.png')
          ? route.fulfill({ contentType: 'image/png', body: Buffer.from(dot, 'base64') })
          : route.fulfill({ contentType: 'image/png', body: 'none' }),
      );
      await openChat(page);
      await say(page, 'Show me');
      await page.locator('.msg.bot').last().waitFor();
      const [session] = await chat.product.database.sql<
        { id: number }[]
      >`SELECT max(id)::int AS id FROM sessions`;
      const admin = await chat.product.employ({ role: 'admin', name: 'Ada' });
      const file = (type: string, name: string) => ({ type, name, url: `https://files.example.org/${name}` });
      const reply = {
        attachments: [file('image', 'cat.png'), file('image', 'gone.png'), file('file', 'bill.pdf')],
      };
      await admin.call('POST', `/v1/sessions/${session?.id}/replies`, reply);
      await page.getByRole('img', { name: 'cat.png' }).waitFor();
      await expect.poll(() => page.locator('a.file').allInnerTexts()).toEqual(['gone.png', 'bill.pdf']);
      await expect
        .poll(() => page.locator('a.pic').getAttribute('href'))
        .toBe('https://files.example.org/cat.png');
    } finally {
      await shop.stop();
    }
  });

  it('loads older messages when the visitor scrolls up, keeping the reading position', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'The very first word');
      await page.locator('.msg.bot').last().waitFor();
      const [session] = await chat.product.database.sql<
        { id: number }[]
      >`SELECT max(id)::int AS id FROM sessions`;
      const admin = await chat.product.employ({ role: 'admin', name: 'Ada' });
      for (let line = 1; line <= 60; line++)
        await admin.call('POST', `/v1/sessions/${session?.id}/replies`, { text: `Line ${line}` });
      await page.locator('.msg', { hasText: 'Line 60' }).waitFor();
      await page.reload();
      await page.locator('.msg', { hasText: 'Line 60' }).waitFor();
      await expect.poll(() => page.getByText('The very first word').count()).toBe(0);
      await page.locator('.log').evaluate((log) => {
        log.scrollTop = 0;
      });
      await expect.poll(() => mine(page)).toEqual(['The very first word']);
      // The line at the top is still in view.
      await expect.poll(() => page.locator('.log').evaluate((log) => log.scrollTop)).toBeGreaterThan(200);
      await expect.poll(() => page.getByText('Line 30', { exact: true }).count()).toBe(1);
    } finally {
      await shop.stop();
    }
  });

  it('is known by a name given during the visit, and sees when no agent is available', async () => {
    const admin = await chat.product.employ({ role: 'admin', name: 'Ada' });
    const settle = (settings: object) => admin.call('PATCH', '/v1/admin/apps/1', { settings });
    expect((await settle({ businessHours: { timeZone: 'UTC', weekly: {} } })).status).toBe(200);
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await page.getByText('We’re away right now. Leave a message').waitFor();
      await page.getByRole('button', { name: 'Go to chat' }).click();
      await say(page, 'Who am I?');
      await page.locator('.msg.bot').first().waitFor();
      await page.evaluate("Mevrik('identify', { name: 'Nora', email: 'nora@example.org' })");
      await page.evaluate("Mevrik('setAttributes', { plan: 'gold' })");
      await expect
        .poll(
          () =>
            chat.product.database
              .sql`SELECT name, attributes->>'plan' AS plan, verified FROM customers WHERE email = 'nora@example.org'`,
        )
        .toEqual([{ name: 'Nora', plan: 'gold', verified: false }]);
    } finally {
      await settle({ businessHours: null });
      await shop.stop();
    }
  });

  it('whose name is set while the visit starts is known by it, and a verified identity replaces it', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      const gate = new EventEmitter();
      await page.route(
        '**/v1/visitors',
        async (route) => {
          const response = await route.fetch();
          const isLetGo = once(gate, 'open');
          gate.emit('asked');
          await isLetGo;
          await route.fulfill({ response });
        },
        { times: 1 },
      );
      const asked = once(gate, 'asked');
      await openChat(page);
      await asked;
      await page.evaluate("void Mevrik('identify', { name: 'Early', email: 'early@example.org' })");
      gate.emit('open');
      const customers = (where: string) =>
        chat.product.database.sql`SELECT name FROM customers WHERE email = ${where}`;
      await expect.poll(() => customers('early@example.org')).toEqual([{ name: 'Early' }]);
      const hmac = createHmac('sha256', chat.product.app.secret).update('u-81').digest('hex');
      await page.evaluate(
        `Mevrik('identify', { userId: 'u-81', hmac: '${hmac}', name: 'Proven', email: 'proven@example.org' })`,
      );
      await expect.poll(() => customers('proven@example.org')).toEqual([{ name: 'Proven' }]);
    } finally {
      await shop.stop();
    }
  });

  it('sees which message was rejected, and can retry it', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await say(page, 'one');
      await page.locator('.msg.bot').first().waitFor();
      await page.route('**/v1/messages', (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({ status: 409, json: { code: 'conflict', title: 'No', status: 409 } })
          : route.continue(),
      );
      await say(page, 'two');
      const again = page.getByRole('button', { name: 'Not sent. Try again' });
      await again.waitFor();
      await page.unroute('**/v1/messages');
      await again.click();
      await expect.poll(() => page.locator('.msg.wait').count()).toBe(0);
      expect(await mine(page)).toEqual(['one', 'two']);
      await page.route('**/v1/messages', (route) =>
        route.fulfill({ status: 409, json: { code: 'conflict', title: 'No', status: 409 } }),
      );
      await say(page, 'three');
      await page.getByRole('button', { name: 'Discard' }).click();
      await expect.poll(() => mine(page)).toEqual(['one', 'two']);
      await page.unroute('**/v1/messages');
      await page.reload();
      await expect.poll(() => mine(page)).toEqual(['one', 'two']);
    } finally {
      await shop.stop();
    }
  });

  it('sends files, shows pictures, and shows why a file was rejected', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      const input = page.locator('input[type=file]');
      await input.setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: dot });
      const picture = page.locator('.msg.mine img');
      await picture.waitFor();
      await expect
        .poll(() =>
          page.evaluate(
            "document.querySelector('[data-mevrik]').shadowRoot.querySelector('.pic img').naturalWidth",
          ),
        )
        .toBe(1);
      await expect.poll(() => picture.getAttribute('alt')).toBe('dot.png');
      await input.setInputFiles({
        name: 'program',
        mimeType: 'application/octet-stream',
        buffer: Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]), Buffer.alloc(200)]),
      });
      const discardAlert = page.getByRole('alert').filter({ hasText: 'Discard' });
      await discardAlert.waitFor();
      await discardAlert.getByRole('button', { name: 'Discard' }).click();
      await expect.poll(() => page.locator('.msg.wait').count()).toBe(0);
      await page.reload();
      await page.locator('.msg.mine img').waitFor();
    } finally {
      await shop.stop();
    }
  });
});

/** The smallest possible picture. */
const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
