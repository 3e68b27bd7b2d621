import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { startNetwork } from '../support/network.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const outDir = join(tmpdir(), `mevrik-client-${process.pid}`);
let product: TestProduct;
let browser: TestBrowser;
/** The SDK as an application's bundler packs it: a script that defines `Mevrik`. */
let script: string;
beforeAll(async () => {
  await build({
    cwd: fileURLToPath(new URL('../../packages/client', import.meta.url)),
    entry: ['src/index.ts'],
    inputOptions: { resolve: { conditionNames: ['@mevrik/source', 'import'] } },
    outDir,
    format: 'iife',
    globalName: 'Mevrik',
    platform: 'browser',
    deps: { alwaysBundle: [/.*/] },
    dts: false,
    config: false,
    logLevel: 'warn',
  });
  script = readFileSync(join(outDir, 'index.iife.js'), 'utf8');
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(async () => {
  rmSync(outDir, { recursive: true, force: true });
  await Promise.all([product?.stop(), browser?.close()]);
});

type Sdk = typeof import('@mevrik/client');

describe('the SDK in a browser', () => {
  it('sends a message, loses the network, and recovers what it missed', async () => {
    const network = await startNetwork(Number(new URL(product.url).port));
    // The page has another origin than the server, as an application's pages have.
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(product.url.replace('127.0.0.1', 'localhost'));
    await page.addScriptTag({ content: script });
    const sessionId = await page.evaluate(
      async ({ url, appKey }) => {
        const { createClient, createTokenStore } = (globalThis as unknown as { Mevrik: Sdk }).Mevrik;
        const stranger = createClient({ url, appKey });
        const begun = await stranger.rest.visitor.startVisit();
        const { token } = createTokenStore({ refresh: stranger.rest.visitor.refreshVisit }, begun);
        const client = createClient({ url, appKey, token });
        const shown: unknown[] = [];
        const session = client.subscribe(`session${begun.session.id}`);
        session.on('message_reply', ({ message }) => {
          if (message.sender.type === 'agent') shown.push(message.content.text);
        });
        session.when('recovered', (count) => shown.push(`recovered ${count}`));
        await session.ready();
        await client.rest.visitor.writeMessage({ text: 'a person, please' });
        Object.assign(globalThis, { shown });
        return begun.session.id;
      },
      { url: network.url, appKey: product.app.key },
    );
    const shown = () => page.evaluate(() => (globalThis as unknown as { shown: unknown[] }).shown);
    const admin = await product.employ({ role: 'admin' });
    const reply = (text: string) => admin.call('POST', `/v1/sessions/${sessionId}/replies`, { text });
    expect((await reply('one')).status).toBe(201);
    await expect.poll(shown).toEqual(['one']);
    network.cut();
    expect((await reply('two')).status).toBe(201);
    network.restore();
    await expect.poll(shown).toEqual(['one', 'two', 'recovered 1']);
    await context.close();
    network.stop();
  });
});
