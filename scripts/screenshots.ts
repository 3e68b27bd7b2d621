/**
 * Takes screenshots. `npm run screenshots` renews those of the README. `npm run screenshots -- FOLDER` takes every screen
 * in light and dark at every width; further arguments (`chat`, `desk`, `panel`, `dark`, `light`, a width) narrow it down.
 * Needs Chromium.
 */
import { mkdirSync } from 'node:fs';
import { createClient } from '@mevrik/client';
import type { Browser } from 'playwright-core';
import { playDay } from './demo/day/play-day.ts';
import { useServer } from './demo/server.ts';
import { openChat, pictureChat } from './screens/chat-scenes.ts';
import { openDesk, pictureDesk } from './screens/desk-scenes.ts';
import { fillDesk } from './screens/fill-desk.ts';
import { shoot, startBrowser } from './screens/look.ts';
import { openStory, picturePanel } from './screens/panel-scenes.ts';

const [folder, ...wanted] = process.argv.slice(2);
const chosen = <Value>(all: readonly Value[]): readonly Value[] => {
  const some = all.filter((one) => wanted.includes(String(one)));
  return some.length > 0 ? some : all;
};
const schemes = chosen(['light', 'dark'] as const);
const parts = chosen(['desk', 'panel', 'chat'] as const);
if (folder !== undefined) mkdirSync(folder, { recursive: true });

const browser = await startBrowser();
try {
  if (parts.includes('desk')) await pictureMorning(browser);
  if (parts.includes('panel') || parts.includes('chat')) await pictureDay(browser);
} finally {
  await browser.close();
}
// Parts of the demo keep connections open.
process.exit();

/** The desk on a busy morning, as the first administrator. */
async function pictureMorning(browser: Browser): Promise<void> {
  const server = await useServer({});
  try {
    const { url, email, token } = server;
    const password = server.password ?? '';
    const [app] = (await createClient({ url, appKey: '', token }).rest.desk.apps()).items;
    if (!app) throw new Error('The server has no app.');
    const admin = createClient({ url, appKey: app.key, token });
    for (const name of ['Noor Rahman', 'Alex Moreau']) {
      const address = `${name.split(' ')[0]?.toLowerCase()}@example.com`;
      const person = { name, email: address, password, role: 'agent', appIds: [app.id] };
      await admin.call('POST', '/v1/admin/agents', { body: person });
    }
    await admin.rest.desk.setAvailability({ availability: 'away', capacity: 20 });
    const [smtpPort, smtpStandInPort] = [server.smtpPort ?? 0, server.smtpStandInPort ?? 0];
    await fillDesk({ url, appKey: app.key, admin, smtpPort, smtpStandInPort });
    const as = { url, session: await sessionOf(url, { email, password }) };
    const look = { as, height: 900 };
    if (folder === undefined) {
      const page = await openDesk(browser, { ...look, scheme: 'light', width: 1440 });
      await shoot(page, 'docs/images/desk.png');
      await page.context().close();
      return;
    }
    for (const scheme of schemes)
      for (const width of chosen([1280, 1920, 768, 400]))
        await pictureDesk(browser, { ...look, scheme, width, folder });
  } finally {
    await server.stop();
  }
}

/** The chat, and the panel at the end of a day. */
async function pictureDay(browser: Browser): Promise<void> {
  const server = await useServer({});
  try {
    const { url, email } = server;
    const as = { url, session: await sessionOf(url, { email, password: server.password ?? '' }) };
    if (folder === undefined) {
      const chat = await openChat(browser, { scheme: 'light', width: 1280, height: 800 }, url);
      await shoot(chat, 'docs/images/chat.png');
      // At the end of a day its times would be stretched.
      const story = await openStory(browser, { as, scheme: 'light', width: 1280, height: 800 });
      await shoot(story, 'docs/images/panel.png');
      for (const page of [chat, story]) await page.context().close();
      return;
    }
    const admin = createClient({ url, appKey: '', token: server.token });
    if (parts.includes('chat'))
      for (const scheme of schemes) await pictureChat(browser, scheme, { url, folder, admin });
    if (!parts.includes('panel')) return;
    const { appId } = await playDay(server);
    for (const scheme of schemes)
      for (const width of chosen([1280, 1920, 400]))
        await picturePanel(browser, { as, scheme, width, height: 900, folder, appId });
  } finally {
    await server.stop();
  }
}

/** The stored session of a logged-in browser. */
async function sessionOf(url: string, login: { readonly email: string; readonly password: string }) {
  const { agent, ...tokens } = await createClient({ url, appKey: '' }).rest.desk.login(login);
  return JSON.stringify({ agent, tokens, savedAt: Date.now() });
}
