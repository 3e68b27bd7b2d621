import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations } from '../support/browser.ts';
import { picture, reply, said, startDesk, type TestDesk, thread } from '../support/desk.ts';

let desk: TestDesk;
const at: TestDesk['at'] = (...rest) => desk.at(...rest);
const waiting: TestDesk['waiting'] = (...rest) => desk.waiting(...rest);
const served: TestDesk['served'] = (...rest) => desk.served(...rest);

beforeAll(async () => {
  desk = await startDesk();
  const dispositions = [
    {
      name: 'refund',
      fields: [{ name: 'order', label: 'Order number', kind: 'text', required: true }],
    },
    'resolved',
  ];
  await desk.admin.call('PATCH', '/v1/admin/apps/1', { settings: { dispositions } });
  for (const [shortcut, text] of [
    ['hello', 'Hello {{customer.name|there}}, this is {{agent.name}}.'],
    ['call', 'May I call you at {{customer.phone}}?'],
  ])
    await desk.admin.call('POST', '/v1/canned-replies', { appId: 1, shortcut, text });
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

/** In the page: the browser event of pasting a picture. */
function paste(field: unknown, bytes: readonly number[]): void {
  const { DataTransfer, ClipboardEvent } = globalThis as unknown as {
    DataTransfer: new () => { readonly items: { add(file: File): void } };
    ClipboardEvent: new (type: string, init: object) => Event;
  };
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([Uint8Array.from(bytes)], 'pasted.png', { type: 'image/png' }));
  const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
  (field as EventTarget).dispatchEvent(event);
}

describe('the desk', () => {
  it('can be used by keyboard alone: accept, send a canned reply, and close with the required fields', async () => {
    const visitor = await waiting('Vera');
    const page = await at('/desk?view=queue', 'Kim');
    const { keyboard } = page;
    await page.getByRole('link', { name: /Vera/ }).waitFor();
    await keyboard.press('j');
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    await keyboard.press('a');
    await reply(page).waitFor();
    await keyboard.type('/hel');
    await page.getByRole('option', { name: /hello/ }).waitFor();
    await keyboard.press('Enter');
    await expect.poll(() => reply(page).inputValue()).toBe('Hello Vera, this is Kim.');
    await keyboard.press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['Hello Vera, this is Kim.']);

    // Unknown values must be filled in before the reply can be sent.
    await keyboard.type('/call');
    await page.getByRole('option', { name: /call/ }).waitFor();
    await keyboard.press('Enter');
    await keyboard.press('Enter');
    await page.getByRole('alert').getByText('{{customer.phone}}').waitFor();
    await keyboard.type('this number');
    await keyboard.press('Enter');
    await expect.poll(() => said(visitor)).toHaveLength(2);

    await keyboard.press('Escape');
    await keyboard.press('c');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Outcome').waitFor();
    await keyboard.press('ArrowDown');
    await page.getByRole('option', { name: 'refund' }).waitFor();
    await keyboard.press('Enter');
    await dialog.getByLabel('Order number').waitFor();
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    await keyboard.type('20418');
    await keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    const [closed] = await desk.product.database.sql`
      SELECT status, disposition, disposition_fields FROM cases WHERE session_id = ${visitor.sessionId}`;
    expect(closed).toEqual({
      status: 'closed',
      disposition: 'refund',
      disposition_fields: { order: '20418' },
    });
  });

  it('shows an agent who accepts a moment later that it is already taken, and by whom', async () => {
    const visitor = await waiting('Rafi');
    const path = `/desk/${visitor.sessionId}?view=queue`;
    const [kim, noor] = await Promise.all([at(path, 'Kim'), at(path, 'Noor')]);
    for (const page of [kim, noor]) await page.getByRole('button', { name: 'Accept' }).waitFor();
    await kim.getByText('Noor is also viewing this').waitFor();
    let free = () => {};
    const noorIsIn = new Promise<void>((resolve) => {
      free = resolve;
    });
    await kim.route('**/accept', async (route) => {
      await noorIsIn;
      await route.continue();
    });
    await kim.getByRole('button', { name: 'Accept' }).click();
    await noor.getByRole('button', { name: 'Accept' }).click();
    await reply(noor).waitFor();
    free();
    await kim.getByText('Already taken').waitFor();
    await kim.getByText('Assigned to Noor.').waitFor();
    await expect.poll(() => reply(kim).count()).toBe(0);
    await reply(noor).fill('I am');
    await kim.getByText('Noor is typing').waitFor();
  });

  it('sends files that are chosen or pasted, and shows pictures in the conversation', async () => {
    const { visitor, page } = await served('Sofia');
    await page.setInputFiles('input[type=file]', {
      name: 'box.png',
      mimeType: 'image/png',
      buffer: picture,
    });
    await page.getByText('70 B').waitFor();
    await reply(page).evaluate(paste, [...picture]);
    await expect.poll(() => page.getByText('70 B').count()).toBe(2);
    await reply(page).fill('This one?');
    await page.keyboard.press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['This one?']);
    const { body } = await visitor.call('GET', '/v1/messages?limit=100');
    const [{ content }] = body.items;
    expect(content.attachments.map(({ name }: { name: string }) => name)).toEqual(['box.png', 'pasted.png']);
    await thread(page).getByRole('button', { name: 'View pasted.png' }).click();
    await page.getByRole('dialog').getByRole('img', { name: 'pasted.png' }).waitFor();
  });

  it('offers emoji by name, and shows how long a text may be', async () => {
    const { page } = await served('Jonas');
    await reply(page).fill('On its way ');
    await page.getByRole('button', { name: 'Emoji' }).click();
    await page.getByRole('combobox', { name: 'Search emoji' }).fill('rocket');
    await page.keyboard.press('Enter');
    await expect.poll(() => reply(page).inputValue()).toBe('On its way 🚀');
    await reply(page).fill('x'.repeat(9_000));
    await page.getByText('9,000 of 10,000').waitFor();
  });

  it('keeps a message that could not be sent, and sends it once', async () => {
    const { visitor, page } = await served('Amina');
    await page.route('**/replies', (route) => route.abort('connectionrefused'));
    await reply(page).fill('Careful words');
    await page.keyboard.press('Enter');
    await thread(page).getByText('Careful words').waitFor();
    await thread(page).getByText('Not sent').waitFor();
    await page.unroute('**/replies');
    await page.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => said(visitor)).toEqual(['Careful words']);
    await expect.poll(() => page.getByText('Not sent').count()).toBe(0);
    await expect.poll(() => thread(page).getByText('Careful words').count()).toBe(1);
  });

  it('writes notes, hands back to the bot, and takes over from it', async () => {
    const { visitor, page } = await served('Chen');
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Internal note' }).fill('Speaks Mandarin');
    await page.keyboard.press('Enter');
    await thread(page).getByText('Speaks Mandarin').waitFor();
    expect(await said(visitor)).toEqual([]);
    await page.getByRole('button', { name: 'Return to bot' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Return to bot' }).click();
    await page.getByText('Handled by the bot.').waitFor();
    await page.getByRole('button', { name: 'Take over' }).click();
    await reply(page).waitFor();
  });

  it('shows overdue conversations only, and how many have unread messages', async () => {
    await desk.product.database.sql`UPDATE queue_items SET status = 'abandoned' WHERE status = 'waiting'`;
    const [late] = [await waiting('Late Lena'), await waiting('Early Eva')];
    await desk.product.database
      .sql`UPDATE cases SET first_reply_due_at = now() - interval '5 minutes' WHERE session_id = ${late.sessionId}`;
    const page = await at('/desk?view=queue', 'Kim');
    await page.getByRole('link', { name: /Early Eva/ }).waitFor();
    await page.getByRole('link', { name: /Late Lena.*5 min overdue/ }).waitFor();
    await page.getByRole('button', { name: 'Filter and sort' }).click();
    await page.getByRole('switch', { name: 'Overdue only' }).click();
    await page.getByRole('link', { name: /Early Eva/ }).waitFor({ state: 'detached' });
    await expect.poll(() => page.getByRole('link', { name: /Late Lena/ }).count()).toBe(1);
    await expect.poll(() => page.url()).toContain('overdue=true');

    const { visitor, page: toms } = await served('Talkative Tom');
    await page.goto(`${desk.product.url}/desk?view=queue`);
    await page.getByRole('link', { name: /Late Lena/ }).waitFor();
    const before = Number(/\((\d+)\)/.exec(await page.title())?.[1] ?? 0);
    // The conversation is no longer open anywhere.
    await toms.goto(`${desk.product.url}/desk`);
    await visitor.write('Are you there?');
    await expect.poll(() => page.title()).toBe(`(${before + 1}) Desk · Mevrik`);
  });

  it('shows what supervisors define in the panel: canned replies, and the fields required to close a case', async () => {
    const page = await at('/desk', 'Sam');
    await page.goto(`${desk.product.url}/admin/canned-replies`);
    await page.getByRole('button', { name: 'Add canned reply' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Shortcut').fill('hours');
    await dialog.getByRole('textbox', { name: 'Text' }).fill('We open at nine, ');
    await dialog.getByRole('button', { name: 'customer.name' }).click();
    await dialog.getByText('We open at nine, Vera Lindqvist').waitFor();
    await dialog.getByRole('button', { name: 'Add canned reply' }).click();
    await page.getByRole('cell', { name: '/hours', exact: true }).waitFor();
    await page.goto(`${desk.product.url}/admin/apps/1`);
    await page.getByRole('tab', { name: 'Desk' }).click();
    await page.getByLabel('Urgent priority').fill('2');
    await page.getByRole('button', { name: 'Add outcome' }).click();
    await page.getByRole('textbox', { name: 'Outcome name' }).last().fill('exchange');
    await page.getByRole('button', { name: 'Add field' }).last().click();
    await page.getByRole('textbox', { name: 'Field of exchange' }).fill('Wanted size');
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Changes are live.').waitFor();

    const { page: hers } = await served('Hanna');
    await reply(hers).pressSequentially('/hours');
    await hers.getByRole('option', { name: /hours/ }).click();
    await expect.poll(() => reply(hers).inputValue()).toBe('We open at nine, Hanna');
    const [app] = (await desk.admin.call('GET', '/v1/apps')).body.items;
    const exchange = { name: 'wanted_size', label: 'Wanted size', kind: 'text', required: true };
    expect(app.dispositions.at(-1)).toEqual({ name: 'exchange', fields: [exchange] });
  });

  it('pages through thousands of conversations and messages a screenful at a time', async () => {
    const { sql } = desk.product.database;
    const last = await desk.product.visit({ profile: { name: 'The very last' } });
    await sql`
      INSERT INTO customers (app_id, conversation_key, name)
      SELECT 1, '1/web:many-' || n, 'Customer ' || n FROM generate_series(1, 2500) n`;
    await sql`
      INSERT INTO contact_identities (app_id, customer_id, channel, contact_id, conversation_key)
      SELECT 1, id, 'web', 'many-' || id, conversation_key FROM customers WHERE conversation_key LIKE '1/web:many-%'`;
    await sql`
      INSERT INTO sessions (app_id, customer_id, contact_identity_id, conversation_key, channel, expires_at, last_activity_at)
      SELECT 1, customer_id, id, conversation_key, 'web', now() + interval '1 day', now() - id * interval '1 second'
      FROM contact_identities WHERE conversation_key LIKE '1/web:many-%'`;
    await sql`
      INSERT INTO messages (app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type,
                            sender_type, content, delivery_status)
      SELECT 1, id, customer_id, conversation_key, 'web', 'text', n % 3 = 0, 'bot',
             CASE WHEN n % 3 = 0 THEN 'bot' ELSE 'customer' END,
             jsonb_build_object('text', 'Line ' || n || repeat(' and so on', n % 40)), 'sent'
      FROM sessions, generate_series(1, 1500) n WHERE id = ${last.sessionId}`;
    await sql`UPDATE sessions SET last_activity_at = now() - interval '2 days' WHERE id = ${last.sessionId}`;
    const page = await at('/desk?view=all', 'Kim');
    const list = page.getByRole('region', { name: 'Conversations' });
    const bottom = list.getByRole('link', { name: /The very last/ });
    const most = { rows: 0 };
    await list.getByRole('link').last().hover();
    await expect
      .poll(
        async () => {
          await page.mouse.wheel(0, 40_000);
          most.rows = Math.max(most.rows, await list.getByRole('link').count());
          return bottom.count();
        },
        { interval: 50 },
      )
      .toBe(1);
    expect(most.rows).toBeLessThan(80);

    await bottom.click();
    const thread = page.getByRole('log');
    await thread.getByText('Line 1500').waitFor();
    const lines = thread.getByText(/^Line \d+/);
    await thread.hover();
    await expect
      .poll(
        async () => {
          await page.mouse.wheel(0, -60_000);
          most.rows = Math.max(most.rows, await lines.count());
          return thread.getByText('Line 1 and so on', { exact: true }).count();
        },
        { interval: 50 },
      )
      .toBe(1);
    expect(most.rows).toBeLessThan(80);
  });

  it("edits a customer's details, and merges two customers who are the same", async () => {
    await desk.product.visit({ profile: { name: 'L. Fernández', email: 'lucia@example.org' } });
    const { visitor, page } = await served('Lucía', { email: 'lucia@example.org' });
    const panel = page.getByRole('complementary', { name: 'Customer details' });
    await page.keyboard.press('Escape');
    await page.keyboard.press('e');
    await panel.getByLabel('Phone').fill('nope');
    await panel.getByLabel('Phone').fill('+34 600 123 456');
    await panel.getByRole('button', { name: 'Add attribute' }).click();
    await panel.getByRole('textbox', { name: 'Attribute name' }).last().fill('size');
    await panel.getByRole('textbox', { name: 'Value of size' }).fill('XL');
    await panel.getByRole('button', { name: 'Save' }).click();
    await panel.getByText('XL').waitFor();
    const { customer } = (await visitor.call('GET', '/v1/me')).body;
    expect(customer).toMatchObject({ phone: '+34600123456', attributes: { size: 'XL' } });

    await panel.getByText('Possible duplicates').waitFor();
    await panel.getByText('L. Fernández').waitFor();
    await panel.getByRole('button', { name: 'Merge' }).last().click();
    await page.getByRole('dialog').getByText('You can’t undo this').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
    await panel.getByText('Possible duplicates').waitFor({ state: 'detached' });
    const merged = await desk.product.database.sql`
      SELECT name FROM customers WHERE merged_into = ${visitor.id}`;
    expect(merged).toEqual([{ name: 'L. Fernández' }]);
  });
});
