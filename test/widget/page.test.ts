import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mine, openChat, say, startChat, type TestChat } from '../support/chat.ts';

let chat: TestChat;
beforeAll(async () => {
  chat = await startChat();
});
afterAll(() => chat?.stop());
afterEach(() => chat.closePages());

describe("the chat on another site's page", () => {
  it('works under a strict policy and unusual styles, and leaves the page unchanged', async () => {
    const shop = await chat.startShop({
      policy: "default-src 'none'; script-src SERVER; connect-src SERVER ws://127.0.0.1:*; style-src 'self'",
    });
    const odd = await chat.startShop({
      head: '<style>*{all:unset!important} div,button,header,form{display:none!important;color:red!important}</style>',
    });
    try {
      for (const { url } of [shop, odd]) {
        const page = await chat.open(url);
        await openChat(page);
        await say(page, 'Do you ship to Switzerland? <b onclick="x()">bold</b>');
        await page.locator('.msg.bot').last().waitFor();
        expect(await mine(page)).toEqual(['Do you ship to Switzerland? <b onclick="x()">bold</b>']);
        const box = await page.getByRole('dialog').boundingBox();
        expect(box?.width).toBeGreaterThan(300);
        expect(await page.evaluate('Object.keys(window).filter((name) => /mevrik/i.test(name))')).toEqual([
          'Mevrik',
        ]);
      }
    } finally {
      await Promise.all([shop.stop(), odd.stop()]);
    }
  });

  it('appears in the element and the language that the page gives it', async () => {
    const shop = await chat.startShop({
      attributes: 'data-target="#here" data-locale="ar" data-theme="dark"',
    });
    try {
      const page = await chat.open(shop.url);
      const panel = page.getByRole('region', { name: 'تحدث معنا' });
      await panel.waitFor();
      expect(await page.evaluate("document.querySelector('[data-mevrik]').parentElement.id")).toBe('here');
      // The visitor's text has its own direction; the empty field has the language's.
      for (const part of ['.panel', 'textarea']) {
        expect(
          await page.evaluate(
            `getComputedStyle(document.querySelector('[data-mevrik]').shadowRoot.querySelector('${part}')).direction`,
          ),
        ).toBe('rtl');
      }
      await panel.waitFor();
      await expect.poll(() => page.getByRole('button', { name: 'افتح الدردشة' }).count()).toBe(0);
    } finally {
      await shop.stop();
    }
  });

  it('asks for the details of a visitor if the page requires them', async () => {
    const shop = await chat.startShop({ attributes: 'data-pre-chat="name,email"' });
    try {
      const page = await chat.open(shop.url);
      await openChat(page);
      await page.getByLabel('Your name').fill('Vera');
      await page.getByLabel('Email').fill('vera@example.org');
      await page.getByRole('button', { name: 'Start chat' }).click();
      await say(page, 'Hello');
      await page.locator('.msg.bot').first().waitFor();
      const [row] = await chat.product.database
        .sql`SELECT name, email FROM customers WHERE email = 'vera@example.org'`;
      expect(row).toEqual({ name: 'Vera', email: 'vera@example.org' });
    } finally {
      await shop.stop();
    }
  });

  it('can be called by the page, even before it is loaded', async () => {
    const shop = await chat.startShop({
      head: "<script>window.Mevrik={q:[['on','open',()=>{window.lastEvent='open'}],['open']]}</script>",
    });
    try {
      const page = await chat.open(shop.url);
      await page.getByRole('dialog').waitFor();
      expect(await page.evaluate('window.lastEvent')).toBe('open');
      await page.evaluate('Mevrik.close()');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      await page.evaluate('Mevrik.destroy()');
      await expect.poll(() => page.locator('[data-mevrik]').count()).toBe(0);
    } finally {
      await shop.stop();
    }
  });

  it('covers a small screen, traps the keyboard focus, and returns it', async () => {
    const shop = await chat.startShop();
    try {
      const page = await chat.open(shop.url, {
        viewport: { width: 320, height: 560 },
      });
      await openChat(page);
      const box = await page.getByRole('dialog').boundingBox();
      expect(box).toMatchObject({ x: 0, y: 0, width: 320, height: 560 });
      const focused = () => page.evaluate('document.activeElement?.hasAttribute("data-mevrik") ?? false');
      for (let at = 0; at < 12; at += 1) {
        await page.keyboard.press('Tab');
        expect(await focused()).toBe(true);
      }
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      expect(
        await page.evaluate("document.querySelector('[data-mevrik]').shadowRoot.activeElement.className"),
      ).toBe('launch');
    } finally {
      await shop.stop();
    }
  });

  it('works without TLS, where browsers disable some of their features', async () => {
    const shop = await chat.startShop({
      head: '<script>delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks</script>',
    });
    try {
      const page = await chat.open(shop.url);
      expect(await page.evaluate("[typeof crypto.randomUUID, 'locks' in navigator]")).toEqual([
        'undefined',
        false,
      ]);
      await openChat(page);
      await say(page, 'Is anyone there?');
      await page.locator('.msg.bot').last().waitFor();
      expect(await mine(page)).toEqual(['Is anyone there?']);
    } finally {
      await shop.stop();
    }
  });
});
