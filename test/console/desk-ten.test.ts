import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lists, reply, said, startDesk, type TestDesk, thread } from '../support/desk.ts';
import type { Visitor } from '../support/product.ts';

let desk: TestDesk;
beforeAll(async () => {
  desk = await startDesk();
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

const names = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gus', 'Hana', 'Ivo', 'Jin'];
const row = (page: Page, name: string) =>
  lists(page).getByRole('link', { name: new RegExp(`${name} of ten`) });

describe('an agent with ten conversations at once', () => {
  it('sees which ones have unread messages, and finds each draft where it was left', async () => {
    const busy = await desk.hire('Busy');
    const visitors = new Map<string, Visitor>();
    for (const name of names) {
      const visitor = await desk.waiting(`${name} of ten`);
      visitors.set(name, visitor);
      const { status } = await desk.admin.call('POST', `/v1/sessions/${visitor.sessionId}/transfer`, {
        to: { agentId: busy },
      });
      expect(status).toBe(200);
      await desk.admin.call('POST', `/v1/sessions/${visitor.sessionId}/notes`, { text: 'from the queue' });
    }
    const page = await desk.at('/desk?view=mine', 'Busy');
    await expect.poll(() => lists(page).getByRole('link').count()).toBe(10);
    const fresh = async (name: string, text: string) => {
      await visitors.get(name)?.write(text);
      await row(page, name).getByText(text).waitFor();
    };
    await fresh('Cleo', 'And another thing');
    await fresh('Hana', 'Hello?');
    await fresh('Hana', 'Are you there?');
    await row(page, 'Hana')
      .getByText(/Waiting \d/)
      .waitFor();

    // All of them are unread: the agent has not opened any yet.
    await expect.poll(() => page.title()).toBe('(10) Desk · Mevrik');
    await row(page, 'Hana').getByLabel('3 unread').waitFor();
    for (const name of names) {
      await row(page, name).click();
      await page.getByRole('region', { name: `Conversation with ${name} of ten` }).waitFor();
      await reply(page).fill(`For ${name}`);
    }
    await expect.poll(() => page.title()).toBe('Desk · Mevrik');

    // One customer writes while the agent replies to another: the draft stays, and so does the open
    // conversation.
    await fresh('Ben', 'One question');
    await row(page, 'Ben').getByLabel('1 unread').waitFor();
    await expect.poll(() => page.title()).toBe('(1) Desk · Mevrik');
    expect(await reply(page).inputValue()).toBe('For Jin');
    for (const name of ['Cleo', 'Ada', 'Gus']) {
      await row(page, name).click();
      await expect.poll(() => reply(page).inputValue()).toBe(`For ${name}`);
    }
    await page.reload();
    await expect.poll(() => reply(page).inputValue()).toBe('For Gus');
    await reply(page).press('Enter');
    await thread(page).getByText('For Gus').waitFor();
    await row(page, 'Ada').click();
    await expect.poll(() => reply(page).inputValue()).toBe('For Ada');
    await row(page, 'Gus').click();
    await expect.poll(() => reply(page).inputValue()).toBe('');
    const answers = await Promise.all([...visitors.values()].map(said));
    expect(answers.flat()).toEqual(['For Gus']);
  });
});
