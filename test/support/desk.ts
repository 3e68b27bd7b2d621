import { randomUUID } from 'node:crypto';
import type { Page, Route } from 'playwright-core';
import { expect } from 'vitest';
import { openPage, startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { eventually } from './dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from './product.ts';

const password = 'a long passphrase';

/** Options of a browser's profile. */
export type Profile = Parameters<typeof openPage>[2];

/** The desk in real browsers, with agents. */
export interface TestDesk {
  readonly product: TestProduct;
  readonly browser: TestBrowser;
  readonly admin: Employed;
  /** Creates an agent by name, for whom `at` opens pages. @returns the agent's id. */
  hire(name: string, more?: Record<string, unknown>): Promise<number>;
  /** The login of a created agent. */
  credentials(name: string): { readonly email: string; readonly password: string };
  /** A page without a login. */
  stranger(path: string): Promise<Page>;
  /** A page of a logged-in agent, in its own profile. */
  at(path: string, name: string, options?: Profile): Promise<Page>;
  /** A customer who waits for an agent. */
  waiting(name: string, more?: Record<string, unknown>): Promise<Visitor>;
  /** An agent's page with a conversation that they have accepted. */
  served(
    name: string,
    more?: Record<string, unknown>,
    by?: string,
  ): Promise<{ readonly visitor: Visitor; readonly page: Page }>;
  /** Closes the pages of a test, and fails if one had an error. */
  closePages(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the product and a browser; Kim and Noor are agents, and Sam is an administrator. */
export async function startDesk(env: Record<string, string> = {}): Promise<TestDesk> {
  const [product, browser] = await Promise.all([startTestProduct(env), startBrowser()]);
  const admin = await product.employ({ role: 'admin' });
  const sessions: Record<string, string> = {};
  const emails: Record<string, string> = {};
  const pages: WatchedPage[] = [];

  async function hire(name: string, more: Record<string, unknown> = {}): Promise<number> {
    const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
    const person = { name, email, password, role: 'agent', capacity: 50, appIds: [1], ...more };
    const { status, body: hired } = await admin.call('POST', '/v1/admin/agents', person);
    if (status !== 201) throw new Error(`${name} was not employed: ${JSON.stringify(hired)}`);
    const { body } = await product.call('POST', '/v1/agents/login', { body: { email, password } });
    const { agent, ...tokens } = body;
    emails[name] = email;
    sessions[name] = JSON.stringify({ agent, tokens, savedAt: Date.now() });
    return agent.id;
  }
  await hire('Kim');
  await hire('Noor');
  await hire('Sam', { role: 'admin' });

  async function at(path: string, name: string, options: Profile = {}): Promise<Page> {
    const localStorage = [{ name: 'mevrik.session', value: sessions[name] ?? '' }];
    const storageState = { cookies: [], origins: [{ origin: product.url, localStorage }] };
    const address = `${product.url}${path}`;
    const opened = await openPage(browser, address, { storageState, ...options });
    pages.push(opened);
    await opened.page.getByRole('region', { name: 'Conversations' }).waitFor();
    return opened.page;
  }

  async function waiting(name: string, more: Record<string, unknown> = {}): Promise<Visitor> {
    const visitor = await product.visit({ profile: { name, ...more } });
    await visitor.write('I need a human');
    await eventually(
      async () => (await admin.call('GET', `/v1/sessions/${visitor.sessionId}/conversation`)).body,
      ({ queueItem }) => queueItem?.status === 'waiting',
    );
    return visitor;
  }

  return {
    product,
    browser,
    admin,
    hire,
    credentials: (name) => ({ email: emails[name] ?? '', password }),
    async stranger(path) {
      const opened = await openPage(browser, `${product.url}${path}`);
      pages.push(opened);
      return opened.page;
    },
    at,
    waiting,
    async served(name, more = {}, by = 'Kim') {
      const visitor = await waiting(name, more);
      const page = await at(`/desk/${visitor.sessionId}?view=queue`, by);
      await page.getByRole('button', { name: 'Accept' }).click();
      await reply(page).waitFor();
      return { visitor, page };
    },
    closePages: () => closeAll(pages.splice(0)),
    async stop() {
      await Promise.all([product.stop(), browser.close()]);
    },
  };
}

async function closeAll(pages: readonly WatchedPage[]): Promise<void> {
  for (const { page, errors } of pages) {
    expect(errors).toEqual([]);
    await page.context().close();
  }
}

/** The field for replies to the customer. */
export const reply = (page: Page) => page.getByRole('textbox', { name: 'Reply to customer' });

/** The messages of the open conversation. */
export const thread = (page: Page) => page.getByRole('log');

/** The lists of conversations. */
export const lists = (page: Page) => page.getByRole('region', { name: 'Conversations' });

/** Agents accept the conversation that they have open at the same moment: the requests are sent once all have clicked. */
export async function acceptTogether(agents: readonly Page[]): Promise<void> {
  const held: Route[] = [];
  for (const agent of agents) {
    await agent.route('**/v1/queue-items/*/accept', (route) => held.push(route), { times: 1 });
    await agent.getByRole('button', { name: 'Accept' }).click();
  }
  await expect.poll(() => held.length).toBe(agents.length);
  await Promise.all(held.map((request) => request.continue()));
}

/** The replies that a customer received from agents. */
export const said = async (visitor: Visitor) =>
  (await visitor.history()).filter(({ from }) => from === 'agent').map(({ text }) => text);

/** A picture of one green pixel. */
export const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
