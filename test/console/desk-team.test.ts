import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acceptTogether, lists, reply, said, startDesk, type TestDesk, thread } from '../support/desk.ts';

let desk: TestDesk;
beforeAll(async () => {
  desk = await startDesk();
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

/** Records the notifications and sounds that would be presented; the browser does the rest as usual. */
function listenIn(): void {
  const { window } = globalThis as unknown as { window: Record<string, unknown> };
  const shown: string[] = [];
  Object.assign(window, { shown, tones: 0 });
  const Real = window.Notification as new (title: string, options?: object) => object;
  window.Notification = class extends Real {
    static readonly permission = 'granted';
    constructor(title: string, options?: { body?: string }) {
      super(title, options);
      shown.push(`${title}: ${options?.body}`);
    }
  };
  const { AudioContext } = globalThis as unknown as {
    AudioContext: { prototype: { createOscillator(): object } };
  };
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function counted() {
    window.tones = (window.tones as number) + 1;
    return make.call(this);
  };
}
const toneCounts = (page: Page) =>
  page.evaluate(() => {
    const { shown, tones } = globalThis as unknown as { shown: string[]; tones: number };
    return { shown, tones };
  });
/** In the page: hides it as if another tab were in front. */
function hide(): void {
  const { document } = globalThis as unknown as { document: EventTarget };
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('several agents at the desk', () => {
  it('who accept the same customer at the same moment: one serves them, and the other sees who', async () => {
    const visitor = await desk.waiting('Racing Rob');
    const path = `/desk/${visitor.sessionId}?view=queue`;
    const [kim, noor] = await Promise.all([desk.at(path, 'Kim'), desk.at(path, 'Noor')]);
    await acceptTogether([kim, noor]);
    const serves = (page: Page) => reply(page).count();
    await expect.poll(async () => (await serves(kim)) + (await serves(noor))).toBe(1);
    const isKims = (await serves(kim)) === 1;
    await (isKims ? noor : kim).getByText(`Assigned to ${isKims ? 'Kim' : 'Noor'}.`).waitFor();
    await expect.poll(async () => (await serves(kim)) + (await serves(noor))).toBe(1);
    const items = await desk.product.database.sql`
      SELECT status FROM queue_items WHERE session_id = ${visitor.sessionId}`;
    expect(items).toEqual([{ status: 'assigned' }]);
  });

  it('transfer conversations to one another, to a queue and to the bot, with a note for the next agent', async () => {
    const { visitor, page: kim } = await desk.served('Travelling Tara');
    const dialog = kim.getByRole('dialog');
    await kim.getByRole('button', { name: 'Transfer', exact: true }).click();
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click();
    await dialog.getByText('Choose an agent.').waitFor();
    await dialog.getByRole('combobox', { name: 'Agent' }).click();
    await kim.getByRole('option', { name: /^Noor/ }).click();
    await dialog.getByLabel('Note').fill('Knows all about parcels');
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    await kim.getByText('Assigned to Noor.').waitFor();

    const noor = await desk.at('/desk', 'Noor');
    await lists(noor)
      .getByRole('link', { name: /Travelling Tara/ })
      .click();
    await thread(noor).getByText('Knows all about parcels').waitFor();
    await reply(noor).waitFor();
    await noor.getByRole('button', { name: 'Transfer', exact: true }).click();
    const hers = noor.getByRole('dialog');
    await hers.getByText('Queue', { exact: true }).click();
    await hers.getByRole('combobox', { name: 'Queue' }).fill('returns');
    await hers.getByRole('button', { name: 'Transfer', exact: true }).click();
    await noor.getByText('In queue “returns”.').waitFor();
    // The agent who still has it open sees it wait, too.
    await kim.getByRole('button', { name: 'Accept' }).click();
    await reply(kim).waitFor();
    await noor.getByText('Assigned to Kim.').waitFor();
    expect(await said(visitor)).toEqual([]);
  });

  it('see who else views a conversation, and when they leave', async () => {
    const visitor = await desk.waiting('Looked-at Lou');
    const kim = await desk.at(`/desk/${visitor.sessionId}?view=queue`, 'Kim');
    const noor = await desk.at(`/desk/${visitor.sessionId}?view=queue`, 'Noor');
    await kim.getByText('Noor is also viewing this').waitFor();
    await noor.getByText('Kim is also viewing this').waitFor();
    await noor.goto(`${desk.product.url}/desk`);
    await kim.getByText('Noor is also viewing this').waitFor({ state: 'detached' });
  });

  it('are assigned conversations up to their capacity', async () => {
    await desk.hire('Cas', { capacity: 1 });
    const assign = (assignment: string) =>
      desk.admin.call('PATCH', '/v1/admin/apps/1', { settings: { assignment } });
    await assign('least_busy');
    const cas = await desk.at('/desk', 'Cas');
    await desk.waiting('First Fay');
    await desk.waiting('Second Sal');
    await cas.getByRole('button', { name: 'Availability: offline' }).click();
    await cas.getByText('up to 1 conversation').waitFor();
    await cas.getByRole('menuitem', { name: /Online/ }).click();
    await expect.poll(() => lists(cas).getByRole('link').count()).toBe(1);
    const { items } = (await desk.admin.call('GET', '/v1/queue-items?status=waiting')).body;
    expect(items.length).toBeGreaterThan(0);
    // An agent with capacity again is assigned the next one.
    const link = lists(cas).getByRole('link');
    const first = await link.getAttribute('href');
    await link.click();
    await cas.getByRole('button', { name: 'Close case' }).click();
    const dialog = cas.getByRole('dialog');
    await dialog.getByLabel('Outcome').click();
    await cas.getByRole('option').first().click();
    await dialog.getByRole('button', { name: 'Close case' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const next = async () => ((await link.count()) === 1 ? await link.getAttribute('href') : first);
    await expect.poll(next).not.toBe(first);
    await assign('manual');
  });
});

describe('one agent', () => {
  it('with two tabs sees the same in both: what was accepted, sent and read in one shows in the other', async () => {
    const visitor = await desk.waiting('Tabbed Tim');
    const one = await desk.at(`/desk/${visitor.sessionId}?view=queue`, 'Kim');
    await one.getByRole('button', { name: 'Accept' }).waitFor();
    const two = await one.context().newPage();
    await two.goto(`${desk.product.url}/desk/${visitor.sessionId}?view=queue`);
    await two.getByRole('button', { name: 'Accept' }).waitFor();
    await one.getByRole('button', { name: 'Accept' }).click();
    await reply(two).waitFor();
    await reply(two).fill('From the second tab');
    await reply(two).press('Enter');
    await thread(one).getByText('From the second tab').waitFor();
    await thread(two).getByText('From the second tab').waitFor();
    expect(await thread(two).getByText('From the second tab').count()).toBe(1);
    expect(await one.getByText('also viewing').count()).toBe(0);

    await two.goto(`${desk.product.url}/desk?view=mine`);
    await lists(two)
      .getByRole('link', { name: /Tabbed Tim/ })
      .waitFor();
    await one.goto(`${desk.product.url}/desk?view=mine`);
    await visitor.write('And now?');
    for (const page of [one, two]) await lists(page).getByLabel('1 unread').waitFor();
    await lists(one)
      .getByRole('link', { name: /Tabbed Tim/ })
      .click();
    for (const page of [one, two]) await lists(page).getByLabel('1 unread').waitFor({ state: 'detached' });
  });

  it('sees the first message of a customer who had only opened the chat before', async () => {
    await desk.admin.call('PATCH', '/v1/admin/apps/1', { settings: { welcome: false } });
    const visitor = await desk.product.visit({ profile: { name: 'Silent Sid' } });
    const page = await desk.at(`/desk/${visitor.sessionId}?view=all`, 'Kim');
    await page.getByText('No messages in this conversation yet').waitFor();
    await visitor.write('Is this thing on?');
    await thread(page).getByText('Is this thing on?').waitFor();
  });

  it('is notified of a message once, in any number of tabs, and not if a tab already shows it', async () => {
    const visitor = await desk.waiting('Noisy Nora');
    const permissions = { permissions: ['notifications'] };
    const front = await desk.at(`/desk/${visitor.sessionId}?view=queue`, 'Kim', permissions);
    const context = front.context();
    await context.addInitScript(listenIn);
    await front.reload();
    await front.getByRole('button', { name: 'Accept' }).click();
    await reply(front).waitFor();
    const back = await context.newPage();
    await back.goto(`${desk.product.url}/desk`);
    await lists(back)
      .getByRole('link', { name: /Noisy Nora/ })
      .waitFor();
    await front.bringToFront();
    await visitor.write('You can see this one');
    for (const page of [front, back]) await page.getByText('You can see this one').first().waitFor();
    await front.evaluate(hide);
    await back.evaluate(hide);
    await visitor.write('But not that one');
    const all = async () => {
      const each = await Promise.all([front, back].map(toneCounts));
      return each.flatMap(({ shown }) => shown);
    };
    await expect.poll(all).toContain('Noisy Nora: But not that one');
    await lists(back).getByText('But not that one').waitFor();
    expect((await all()).filter((one) => one.endsWith('But not that one'))).toHaveLength(1);
    const tones = (await Promise.all([front, back].map(toneCounts))).reduce((sum, one) => sum + one.tones, 0);
    expect(tones).toBeGreaterThan(0);
  });

  it('works without TLS, where browsers disable some of their features', async () => {
    const visitor = await desk.waiting('Plain Pia');
    const page = await desk.at(`/desk/${visitor.sessionId}?view=queue`, 'Kim');
    await page.context().addInitScript(listenIn);
    await page
      .context()
      .addInitScript('delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks');
    await page.reload();
    expect(await page.evaluate("[typeof crypto.randomUUID, 'locks' in navigator]")).toEqual([
      'undefined',
      false,
    ]);
    await page.getByRole('button', { name: 'Accept' }).click();
    await reply(page).fill('Hello Pia');
    await reply(page).press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['Hello Pia']);
    await page.evaluate(hide);
    await visitor.write('Are you still there?');
    await expect.poll(async () => (await toneCounts(page)).tones).toBeGreaterThan(0);
  });

  it('chooses whether there are sounds and notifications, and sees when the browser blocks them', async () => {
    const page = await desk.at('/desk', 'Noor', { permissions: ['notifications'] });
    const context = page.context();
    await page.getByRole('button', { name: 'Sound and notifications are on' }).click();
    await page.getByRole('menuitem', { name: 'Turn sound and notifications off' }).click();
    await page.getByRole('button', { name: 'Sound and notifications are off' }).waitFor();
    await context.clearPermissions();
    await page.reload();
    await page.getByRole('button', { name: 'Sound and notifications are off' }).click();
    await page.getByRole('menuitem', { name: 'Turn sound and notifications on' }).click();
    await page
      .getByText(/Your browser blocks notifications/)
      .or(page.getByText('Show notifications'))
      .waitFor();
  });
});
