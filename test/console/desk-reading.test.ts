import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cuttableNetwork } from '../support/browser.ts';
import { lists, reply, startDesk, type TestDesk, thread } from '../support/desk.ts';

let desk: TestDesk;
beforeAll(async () => {
  desk = await startDesk();
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

describe('a conversation on the desk', () => {
  it("shows its days in the agent's time zone, the bot, what happened, notes, and who the customer is", async () => {
    const { sql } = desk.product.database;
    const visitor = await desk.waiting('Dayana', { email: 'dayana@example.org' });
    const { sessionId } = visitor;
    await desk.admin.call('POST', `/v1/sessions/${sessionId}/notes`, { text: 'Is a regular' });
    for (const text of ['Late', 'Later', 'At dawn']) await visitor.write(text);
    // Dhaka is six hours ahead of UTC: one day ends there at 18:00 UTC, and none at midnight UTC.
    for (const [text, at] of [
      ['Late', '2099-01-05T17:59:00Z'],
      ['Later', '2099-01-05T18:01:00Z'],
      ['At dawn', '2099-01-06T00:01:00Z'],
    ] as const)
      await sql`
        UPDATE messages SET created_at = ${at}::timestamptz
        WHERE session_id = ${sessionId} AND content ->> 'text' = ${text}`;
    const page = await desk.at(`/desk/${sessionId}?view=queue`, 'Kim', { timezoneId: 'Asia/Dhaka' });
    await thread(page).getByText('Is a regular').waitFor();
    await thread(page).getByLabel('Only your team can see this').waitFor();
    await thread(page).getByText('Bot', { exact: true }).first().waitFor();
    const days = () =>
      thread(page)
        .getByText(/^(Monday|Tuesday|Today|Yesterday)/)
        .allTextContents();
    await expect.poll(days).toHaveLength(3);
    expect(await days()).toEqual(['Today', 'Monday, January 5', 'Tuesday, January 6']);
    const panel = page.getByRole('complementary', { name: 'Customer details' });
    await panel.getByText('dayana@example.org').first().waitFor();
  });

  it('can be handled by choosing actions by name instead of their shortcuts', async () => {
    const { page } = await desk.served('Palette Pat');
    await reply(page).press('Control+k');
    await page.getByRole('textbox', { name: 'Command' }).fill('add a note');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Internal note' }).fill('By its name');
    await page.keyboard.press('Enter');
    await thread(page).getByText('By its name').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Command' }).fill('availability to away');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Availability: away' }).waitFor();
  });

  it('shows that the connection is lost, keeps the draft, and shows the missed messages', async () => {
    const { visitor, page } = await desk.served('Cut Carl');
    const network = await cuttableNetwork(page.context());
    await page.reload();
    await reply(page).waitFor();
    await network.cut();
    await page.getByText('No connection. Your replies are saved').waitFor();
    await reply(page).fill('Written in a tunnel');
    await reply(page).press('Enter');
    await visitor.write('Meanwhile in daylight');
    const others = await desk.waiting('Met meanwhile');
    await desk.admin.call('POST', `/v1/sessions/${visitor.sessionId}/notes`, { text: 'Noted meanwhile' });
    await network.restore();
    await page.getByText('Back online').waitFor();
    for (const text of ['Written in a tunnel', 'Meanwhile in daylight', 'Noted meanwhile'])
      await thread(page).getByText(text).waitFor();
    await lists(page).locator(`a[href*="/desk/${others.sessionId}"]`).waitFor();
  });

  it('shows that it has never connected, while it keeps trying, and connects by itself', async () => {
    const page = await desk.at('/desk', 'Kim');
    const network = await cuttableNetwork(page.context());
    network.refuse();
    await page.reload();
    await page.getByText('No connection. Your replies are saved').waitFor();
    await network.restore();
    await page.getByText('Back online').waitFor();
  });
});
