/**
 * Pictures of every state of the desk, light and dark, at the widths that it is made for:
 * `npm run screenshots:desk -- FOLDER [WIDTH | dark | light …]`. With `picture` in place of a folder it renews the one of the README alone.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@mevrik/client';
import { chromium } from 'playwright-core';
import { startProduct } from '../packages/server/src/compose.ts';
import { loadConfig } from '../packages/server/src/config.ts';
import { createLog } from '../packages/server/src/observe/log.ts';
import { openDesk, pictureDesk } from './screens/desk-scenes.ts';
import { fillDesk } from './screens/fill-desk.ts';
import { startStandIns } from './stand-ins/start-stand-ins.ts';

const [asked = 'picture', ...wanted] = process.argv.slice(2);
const chosen = <Value>(all: readonly Value[]): readonly Value[] => {
  const some = all.filter((one) => wanted.includes(String(one)));
  return some.length > 0 ? some : all;
};
const appKey = 'nordic-outfitters';
const login = { email: 'kim@example.com', password: 'a long passphrase' };

const dataDir = await mkdtemp(join(tmpdir(), 'mevrik-screens-'));
const standIns = await startStandIns();
const config = loadConfig({
  DATA_DIR: dataDir,
  PORT: '0',
  SMTP_PORT: '0',
  LOG_LEVEL: 'silent',
  GRAPH_API_URL: standIns.graphUrl,
  PUSHER_APP_ID: '1',
  PUSHER_APP_KEY: appKey,
  PUSHER_APP_SECRET: 'a-secret-for-pictures',
});
const product = await startProduct(config, createLog('silent', false));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--force-color-profile=srgb'],
});
try {
  const { url, setupUrl, mailPort } = product;
  const stranger = createClient({ url, appKey });
  const token = new URL(setupUrl ?? '').searchParams.get('token');
  await stranger.call('POST', '/v1/setup', { body: { token, name: 'Kim Park', ...login } });
  const { accessToken } = await stranger.rest.login(login);
  const admin = createClient({ url, appKey, token: accessToken });
  for (const name of ['Noor Rahman', 'Alex Moreau']) {
    const [first = ''] = name.toLowerCase().split(' ');
    const person = {
      name,
      email: `${first}@example.com`,
      password: login.password,
      role: 'agent',
      appIds: [1],
    };
    await admin.call('POST', '/v1/admin/agents', { body: person });
  }
  await admin.rest.setAvailability({ availability: 'away', capacity: 20 });
  await fillDesk({ url, appKey, admin, standIns, mailPort: mailPort ?? 0 });
  const { agent, ...tokens } = await stranger.rest.login(login);
  const session = JSON.stringify({ agent, tokens, savedAt: Date.now() });
  if (asked === 'picture') {
    const page = await openDesk(browser, { url, session, scheme: 'light', width: 1440, height: 900 });
    await page.screenshot({ path: 'docs/images/desk.png' });
  } else {
    mkdirSync(asked, { recursive: true });
    for (const scheme of chosen(['light', 'dark'] as const))
      for (const width of chosen([1280, 1920, 768]))
        await pictureDesk(browser, { url, session, scheme, width, height: 900, folder: asked });
  }
} finally {
  await browser.close();
  await product.stop();
  await standIns.stop();
  await rm(dataDir, { recursive: true, force: true });
}
