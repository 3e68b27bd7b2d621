import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityViolations,
  accessibilityViolationsAt,
  openPage,
  startBrowser,
  type TestBrowser,
  type WatchedPage,
} from '../support/browser.ts';
import { acceptTogether } from '../support/desk.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let browser: TestBrowser;
const pages: WatchedPage[] = [];
beforeAll(async () => {
  [product, browser] = await Promise.all([startTestProduct(), startBrowser()]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));
afterEach(async () => {
  for (const { page, errors } of pages.splice(0)) {
    expect(errors).toEqual([]);
    await page.context().close();
  }
});

async function open(path: string, options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
  const opened = await openPage(browser, path.startsWith('http') ? path : `${product.url}${path}`, options);
  pages.push(opened);
  return opened.page;
}

async function logIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill('a long passphrase');
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** An agent at the desk, on the list of waiting conversations. */
async function agentAt(
  path: string,
  email: string,
  options: Parameters<typeof openPage>[2] = {},
): Promise<Page> {
  const page = await open(path, options);
  await logIn(page, email);
  return page;
}

/** A customer who has opened the chat and sent a message. */
async function customerSaying(text: string, options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
  const page = await open('/', options);
  await page.getByRole('button', { name: 'Open chat' }).first().click();
  await say(page, text);
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: /Write a message/ }).fill(text);
  await page.keyboard.press('Enter');
}

describe('a newcomer', () => {
  it('creates an administrator and two agents, and is answered through the desk', async () => {
    const setup = await open(product.setupUrl as string);
    await setup.getByLabel('Your name').fill('Ada');
    await setup.getByLabel(/e-?mail/i).fill('ada@example.com');
    await setup.getByLabel('Password').fill('a long passphrase');
    await setup.keyboard.press('Enter');
    await setup.getByRole('link', { name: /Log in to the admin panel/ }).click();
    await logIn(setup, 'ada@example.com');
    await setup.getByRole('heading', { name: 'Overview' }).waitFor();
    for (const name of ['Kim', 'Noor']) {
      await setup.getByRole('link', { name: 'Agents', exact: true }).click();
      await setup.getByRole('button', { name: 'Add agent' }).click();
      const dialog = setup.getByRole('dialog');
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByLabel(/e-?mail/i).fill(`${name.toLowerCase()}@example.com`);
      await dialog.getByRole('textbox', { name: 'Password' }).fill('a long passphrase');
      await dialog.getByRole('button', { name: 'Add agent' }).click();
      await setup.getByText(`${name.toLowerCase()}@example.com`).waitFor();
    }

    const customer = await customerSaying('Where is my parcel?');
    await customer.getByText('Sorry, I didn’t understand').waitFor();
    await say(customer, 'I want to talk to a person');
    await customer.getByText('Your reference is').waitFor();

    const [kim, noor] = await Promise.all([
      agentAt('/desk?view=queue', 'kim@example.com'),
      agentAt('/desk?view=queue', 'noor@example.com'),
    ]);
    for (const agent of [kim, noor]) await agent.getByRole('link', { name: /Customer #\d+/ }).click();
    // One is assigned the conversation, and the other sees that.
    await acceptTogether([kim, noor]);
    const reply = (agent: Page) => agent.getByRole('textbox', { name: 'Reply to customer' });
    await expect
      .poll(async () => (await Promise.all([kim, noor].map((agent) => reply(agent).count()))).sort())
      .toEqual([0, 1]);
    const [served, other] = (await reply(kim).count()) === 1 ? [kim, noor] : [noor, kim];
    await other
      .getByText(/Assigned to (Kim|Noor)\.|Already taken/)
      .first()
      .waitFor();

    await reply(served).fill('Hello! I am looking where it is.');
    await customer.getByText(/(Kim|Noor) is typing/).waitFor();
    await served.keyboard.press('Enter');
    await customer.locator('.msg', { hasText: 'I am looking where it is' }).waitFor();
    await say(customer, 'Thank you, it is number 20418.');
    for (const agent of [served, other])
      await agent.getByRole('log').getByText('it is number 20418').waitFor();

    await served.getByRole('button', { name: 'Close case' }).click();
    const dialog = served.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Close case' }).click();
    await dialog.getByText('Choose an outcome').waitFor();
    await dialog.getByPlaceholder('Choose').click();
    await served.getByRole('option', { name: 'resolved', exact: true }).click();
    await dialog.getByRole('button', { name: 'Close case' }).click();

    await customer.getByRole('radio', { name: '4 of 5 stars' }).click();
    await customer.getByRole('textbox', { name: /better/ }).fill('Quick, thanks');
    await customer.getByRole('button', { name: 'Send rating' }).click();
    await customer.getByText('Thanks for your feedback').waitFor();
    await served.getByRole('log').getByText('★★★★☆').waitFor();

    await setup.getByRole('link', { name: 'Overview' }).click();
    await setup.getByText('4.0', { exact: true }).first().waitFor();
    await setup.getByRole('link', { name: 'Event log', exact: true }).click();
    await setup.getByRole('link', { name: 'Case closed' }).first().click();
    await setup.getByRole('heading', { name: 'Causes and effects' }).waitFor();
    await setup
      .getByRole('link', { name: /Survey sent/ })
      .first()
      .waitFor();
  });

  it('finds every screen accessible: light and dark, wide and narrow', async () => {
    const admin = await agentAt('/login', 'ada@example.com');
    await admin.getByRole('heading', { name: 'Overview' }).waitFor();
    const violations: Record<string, string[]> = {};
    const pages = [
      '',
      '/events',
      '/dead-letters',
      '/listeners',
      '/channels',
      '/deliveries',
      '/webhook-events',
      '/connections',
      '/apps',
      '/apps/1',
      '/canned-replies',
      '/agents',
      '/audit',
    ];
    for (const path of pages) {
      await admin.goto(`${product.url}/admin${path}`);
      await admin.getByRole('heading', { level: 1 }).waitFor();
      await admin.waitForLoadState('networkidle');
      violations[`admin${path}`] = await accessibilityViolationsAt(admin, 1280, 768);
    }
    await admin.goto(`${product.url}/desk?view=all`);
    await admin
      .getByRole('link', { name: /Customer #/ })
      .first()
      .click();
    await admin.getByRole('log').waitFor();
    violations.desk = await accessibilityViolationsAt(admin, 1280, 768);
    // The states of the chat have tests of their own.
    await admin.goto(product.url);
    await admin.getByRole('button', { name: 'Open chat' }).first().click();
    await admin.getByRole('textbox', { name: /Write a message/ }).waitFor();
    violations.widget = await accessibilityViolations(admin);
    expect(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0))).toEqual(
      {},
    );
  });
});

describe('the desk', () => {
  it('works by keyboard alone', async () => {
    await customerSaying('I want to talk to a person');
    const agent = await agentAt('/desk?view=queue', 'kim@example.com');
    await agent
      .getByRole('link', { name: /Customer #/ })
      .first()
      .waitFor();
    await agent.keyboard.press('j');
    await agent.getByRole('button', { name: 'Accept' }).focus();
    await agent.keyboard.press('Enter');
    await agent.getByRole('textbox', { name: 'Reply to customer' }).waitFor();
    await agent.keyboard.type('Typed without a mouse');
    await agent.keyboard.press('Enter');
    await agent.getByRole('log').getByText('Typed without a mouse').waitFor();
    await agent.keyboard.press('Control+k');
    await agent.getByRole('textbox', { name: 'Command' }).fill('queue');
    await agent.keyboard.press('Enter');
    await expect.poll(() => agent.url()).toContain('view=queue');
  });

  it('keeps a draft over a reload, and returns a logged-out agent to where they were', async () => {
    const agent = await agentAt('/desk?view=mine', 'kim@example.com');
    await agent
      .getByRole('link', { name: /Customer #/ })
      .first()
      .click();
    await agent.getByRole('textbox', { name: 'Reply to customer' }).fill('half a thou');
    const address = agent.url();
    await agent.reload();
    await expect
      .poll(() => agent.getByRole('textbox', { name: 'Reply to customer' }).inputValue())
      .toBe('half a thou');
    await agent.evaluate('localStorage.clear()');
    await agent.goto(address);
    await logIn(agent, 'kim@example.com');
    await expect.poll(() => new URL(agent.url()).pathname).toBe(new URL(address).pathname);
  });
});
