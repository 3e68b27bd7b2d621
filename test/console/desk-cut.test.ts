import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser, type TestBrowser } from '../support/browser.ts';
import {
  app,
  appEnv,
  cleanUp,
  history,
  setUp,
  startServer,
  stop,
  temporaryDatabase,
  visit,
} from '../support/server.ts';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
afterEach(cleanUp);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('a desk whose server is killed while an agent types', () => {
  it('says so, keeps the draft and the sent messages, and shows everything once when the server is back', async () => {
    const { url } = await temporaryDatabase();
    const env = { ...appEnv, DATABASE_URL: url, PORT: String(await freePort()) };
    const killed = await startServer(env);
    const token = await setUp(killed);
    const customer = await visit(killed, app.key);
    const say = (server: typeof killed, text: string) =>
      server.call('POST', '/v1/messages', { token: customer.token, body: { text } });
    await say(killed, 'I need a human');
    await expect
      .poll(async () => (await killed.call('GET', '/v1/queue-items?status=waiting', { token })).body.items)
      .toHaveLength(1);

    const path = encodeURIComponent(`/desk/${customer.sessionId}?view=queue`);
    const { page, errors } = await openPage(browser, `${killed.url}/login?to=${path}`);
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByRole('textbox', { name: 'Password' }).fill('a long passphrase');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Accept' }).click();
    const field = page.getByRole('textbox', { name: 'Reply to customer' });
    await field.fill('Sent before the cut');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('Sent before the cut').waitFor();
    await field.pressSequentially('Half a th');
    await stop(killed, 'SIGKILL');
    await page.getByText('No connection. Your replies are saved').waitFor();
    await field.pressSequentially('ought');
    await expect.poll(() => field.inputValue()).toBe('Half a thought');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('Half a thought').waitFor();
    await field.fill('and another');

    const next = await startServer(env);
    await say(next, 'Are you still there?');
    await page.getByText('Back online').waitFor();
    await page.getByRole('log').getByText('Are you still there?').waitFor();
    const answers = async () =>
      (await history(next, customer.token)).filter(({ from }) => from === 'agent').map(({ text }) => text);
    await expect.poll(answers).toEqual(['Sent before the cut', 'Half a thought']);
    await expect.poll(() => field.inputValue()).toBe('and another');
    await expect.poll(() => page.getByText('Not sent').count()).toBe(0);
    for (const text of ['Sent before the cut', 'Half a thought', 'Are you still there?'])
      expect([text, await page.getByRole('log').getByText(text).count()]).toEqual([text, 1]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
