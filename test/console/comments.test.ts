import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts';
import {
  type FacebookProduct,
  page as facebook,
  ofComment,
  ofThread,
  quick,
  startFacebook,
} from '../support/facebook.ts';
import { hold } from '../support/killed.ts';
import type { Employed } from '../support/product.ts';

let product: FacebookProduct;
let browser: TestBrowser;
let admin: Employed;
let kept: string;
const pages: WatchedPage[] = [];

beforeAll(async () => {
  const settings = { delivery: { ...quick, attempts: 1 } };
  [product, browser] = await Promise.all([startFacebook({ settings }), startBrowser()]);
  admin = await product.employ({ role: 'admin' });
  const login = { email: `kim-${randomUUID()}@example.com`, password: 'a long passphrase' };
  await admin.call('POST', '/v1/admin/agents', {
    ...login,
    name: 'Kim',
    role: 'agent',
    capacity: 50,
    appIds: [1],
  });
  const { agent, ...tokens } = (await product.call('POST', '/v1/agents/login', { body: login })).body;
  kept = JSON.stringify({ agent, tokens, savedAt: Date.now() });
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));
afterEach(async () => {
  for (const { page, errors } of pages.splice(0)) {
    expect(errors).toEqual([]);
    await page.context().close();
  }
});

/** Kim's page with a conversation that she has accepted. */
async function taken(sessionId: number): Promise<Page> {
  const localStorage = [{ name: 'mevrik.session', value: kept }];
  const storageState = { cookies: [], origins: [{ origin: product.url, localStorage }] };
  const opened = await openPage(browser, `${product.url}/desk/${sessionId}`, {
    storageState,
  });
  pages.push(opened);
  await opened.page.getByRole('button', { name: 'Accept' }).click();
  return opened.page;
}

const reply = (page: Page) => page.getByRole('textbox', { name: 'Reply to customer' });

describe('the desk, for a channel with its own rules', () => {
  it('shows the post of a comment, and replies to it publicly or, once, privately', async () => {
    await product.webhook(
      ofComment({
        comment_id: '900_71',
        post_id: '900_7',
        from: { id: 'carl', name: 'Carl' },
        post: { permalink_url: 'https://facebook.example/900_7' },
      }),
    );
    const session = async () => {
      const [row] = await product.database.sql<{ id: number }[]>`
        SELECT session_id::int AS id FROM messages JOIN sessions ON sessions.id = session_id
        WHERE external_id = '900_71' AND sessions.path <> 'bot'`;
      return row?.id;
    };
    await expect.poll(session).toBeDefined();
    const page = await taken((await session()) ?? 0);
    const post = page.getByRole('region', { name: 'Original post' });
    await post.getByText('The text of the post is not available.').waitFor();
    // The post arrives while the conversation is open, as when Meta is slow to report it.
    product.graph.publish({ id: '900_7', message: 'New in the shop' });
    const { sql } = product.database;
    const sought = { sessionId: await session(), postId: '900_7' };
    await sql`UPDATE sessions SET social_context = social_context - 'post' WHERE id = ${sought.sessionId ?? 0}`;
    await sql`SELECT graphile_worker.add_job('fetch-post', ${JSON.stringify(sought)}::json)`;
    await post.getByText('New in the shop').waitFor();
    await post.getByText('Comment on a Facebook post').waitFor();
    await expect
      .poll(() => post.getByRole('link', { name: 'Open post' }).getAttribute('href'))
      .toBe('https://facebook.example/900_7');
    await reply(page).fill('Thanks, everyone!');
    await page.keyboard.press('Enter');
    const answers = () =>
      product.graph.accepted.map(({ edge, body }) => [edge, body.message.text ?? body.message]);
    await expect.poll(answers).toEqual([['comments', 'Thanks, everyone!']]);
    await page.locator('label', { hasText: 'Private reply' }).click();
    await reply(page).fill('Here is your code');
    // The delivery is created after the desk has read the conversation, as on a busy server.
    const deliveries = await hold(product.database, (held) => held`LOCK TABLE deliveries IN EXCLUSIVE MODE`);
    const read = page.waitForResponse((response) => response.url().endsWith('/conversation'));
    await page.keyboard.press('Enter');
    await read;
    await expect.poll(() => deliveries.waiting()).toBeGreaterThan(0);
    deliveries.letGo();
    await expect.poll(answers).toEqual([
      ['comments', 'Thanks, everyone!'],
      ['messages', 'Here is your code'],
    ]);
    await expect.poll(() => page.getByRole('radio', { name: 'Private reply' }).isDisabled()).toBe(true);
  });

  it('shows the time left to reply, and what to do when the reply window has closed', async () => {
    const sessionId = await product.writes('wanda', 'hello');
    const page = await taken(sessionId);
    await page.getByText(/2[34] h left to reply/).waitFor();
    await reply(page).fill('x'.repeat(2_100));
    await page.getByText('2,100 of 2,000 · sent as 2 messages').waitFor();
    await reply(page).fill('');
    await product.database
      .sql`UPDATE messages SET created_at = now() - interval '26 hours' WHERE session_id = ${sessionId}`;
    await page.reload();
    await page.getByText('The reply window on page closed 2 h ago').waitFor();
    await expect.poll(() => reply(page).isVisible()).toBe(false);
    await page.locator('label', { hasText: 'Note' }).click();
    await page.getByRole('textbox', { name: 'Internal note' }).fill('Write again tomorrow');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('Write again tomorrow').waitFor();
  });

  it('shows which reply was not delivered and why, and retries it', async () => {
    const page = await taken(await product.writes('rita', 'hello'));
    product.graph.misbehave({ does: 'refuse', code: 551 }, 1, ({ body }) => body.message?.text === 'again');
    await reply(page).fill('again');
    await page.keyboard.press('Enter');
    const thread = page.getByRole('log');
    await thread.getByText('Not delivered', { exact: true }).waitFor();
    await thread.getByRole('button', { name: 'Details' }).click();
    await page
      .getByRole('dialog')
      .getByText(/not available/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await thread.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => product.graph.textsFor('rita')).toContain('again');
    await expect.poll(() => thread.getByText('Not delivered', { exact: true }).count()).toBe(0);
  });

  it('shows immediately that a channel is down and what to do, and that it is up again, with the replies written meanwhile', async () => {
    const page = await taken(await product.writes('tove', 'hello'));
    const list = page.getByRole('region', { name: 'Conversations' });
    await reply(page).waitFor();
    product.graph.revoke(facebook.pageToken);
    await reply(page).fill('while it is down');
    await page.keyboard.press('Enter');
    const composer = page.getByRole('group', { name: 'Reply' });
    await composer.getByText('page is down').waitFor();
    await composer.getByText(/access token/).waitFor();
    await composer.getByText('Replies are queued and sent').waitFor();
    await list.getByText('Down: page').waitFor();
    await page.getByRole('log').getByRole('img', { name: 'Sending' }).waitFor();
    product.graph.grant(facebook.pageToken);
    await admin.call('POST', '/v1/admin/channels/1/page/probe');
    await expect.poll(() => product.graph.textsFor('tove')).toContain('while it is down');
    await composer.getByText('page is down').waitFor({ state: 'detached' });
    await list.getByText('Down: page').waitFor({ state: 'detached' });
    await page.getByRole('log').getByRole('img', { name: 'Sent' }).waitFor();
  });

  it('shows the delivery status that the provider reports, and ignores an outdated one', async () => {
    const page = await taken(await product.writes('dora', 'hello'));
    const tick = (name: string) => page.getByRole('log').getByRole('img', { name, exact: true });
    await reply(page).fill('One moment');
    await page.keyboard.press('Enter');
    await tick('Sent').waitFor();
    const mids = () => product.graph.accepted.slice(-1).map(({ id }) => id);
    const from = { sender: { id: 'dora' } };
    await product.webhook(ofThread({ ...from, delivery: { mids: mids(), watermark: Date.now() } }));
    await tick('Delivered').waitFor();
    await product.webhook(ofThread({ ...from, read: { watermark: Date.now() } }));
    await tick('Read').waitFor();
    await product.webhook(ofThread({ ...from, delivery: { mids: mids(), watermark: Date.now() } }));
    await reply(page).fill('And another');
    await page.keyboard.press('Enter');
    await tick('Sent').waitFor();
    expect(await tick('Read').count()).toBe(1);
  });
});
