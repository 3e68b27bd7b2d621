import { type Client, createClient } from '@mevrik/client';
import { call } from '../api.ts';
import { type DemoServer, logIn } from '../server.ts';
import { team } from './people.ts';
import { cannedReplies, flow } from './topics.ts';

const emailAddress = 'hello@fjellshop.example';
const page = {
  pageId: '700700',
  appSecret: 'the-secret-of-the-shop',
  verifyToken: 'the-shop',
  pageToken: 'the-token-of-the-shop',
};
const rule = (queue: string, words: readonly string[]) => ({
  name: `Questions about ${queue}`,
  when: `${JSON.stringify(words)}.exists(word, message.text.lowerAscii().contains(word))`,
  action: 'queue',
  queue,
  skills: [queue],
});

/** A shop that is ready to open. */
export interface Shop {
  readonly url: string;
  readonly app: { readonly id: number; readonly key: string };
  readonly agents: readonly ShopAgent[];
  /** The port and the address to send email to; `null` if it receives none. */
  readonly email: { readonly port: number; readonly address: string } | null;
  /** Controls the stand-in for Facebook; `null` if there is none. */
  facebook: ((does: string, body: unknown) => Promise<unknown>) | null;
}

/** An agent at the desk. */
export interface ShopAgent {
  readonly name: string;
  readonly skills: readonly string[];
  /** Start and end of the lunch break, in minutes since the shop opened. */
  readonly lunch: readonly [number, number];
  readonly desk: Client;
}

/** Creates an app with its channels, rules, bot and agents, all of whom log in with the password. */
export async function furnishShop(
  { url, token, smtpPort, standInUrl, smtpStandInPort }: DemoServer,
  password: string,
): Promise<Shop> {
  const admin = (method: string, path: string, body?: unknown) => call(url, method, path, { token, body });
  const app = await admin('POST', '/v1/admin/apps', { name: 'Fjell Outdoor Shop' });
  const path = `/v1/admin/apps/${app.id}`;
  await admin('PATCH', path, {
    settings: {
      dispositions: ['resolved', 'unresolved', 'refunded', 'spam'],
      delivery: { firstDelayMs: 200, longestDelayMs: 1_000, attempts: 3 },
    },
  });
  await admin('PUT', `${path}/bot`, { kind: 'builtin', flow });
  await admin('PUT', `${path}/rules`, {
    rules: [
      rule('billing', ['invoice', 'charged', 'refund']),
      rule('orders', ['parcel', 'delivery address', 'shoe']),
      rule('products', ['jacket', 'rucksack', 'tent']),
    ],
  });
  if (standInUrl !== null) {
    await admin('PUT', `${path}/channels/facebook`, { kind: 'facebook', settings: page });
    const address = `${url}/webhooks/facebook/${app.key}/facebook`;
    const { appSecret, pageId } = page;
    await call(standInUrl, 'POST', '/stand-in/subscription', { body: { address, appSecret, pageId } });
  }
  const hasEmail = smtpPort !== null && smtpStandInPort !== null;
  if (hasEmail) {
    const smtp = { host: '127.0.0.1', port: smtpStandInPort, tls: 'none' };
    const settings = { address: emailAddress, name: 'Fjell Outdoor Shop', smtp };
    await admin('PUT', `${path}/channels/email`, { kind: 'email', settings });
  }
  const agents: ShopAgent[] = [];
  for (const { name, skills, lunch } of team) {
    const email = `${name.split(' ')[0]?.toLowerCase()}-${app.id}@fjellshop.example`;
    await admin('POST', '/v1/admin/agents', {
      name,
      email,
      password,
      skills,
      role: 'agent',
      appIds: [app.id],
    });
    const desk = createClient({ url, appKey: app.key, token: await logIn(url, { email, password }) });
    agents.push({ name, skills, lunch, desk });
  }
  for (const canned of cannedReplies) await admin('POST', '/v1/canned-replies', { appId: app.id, ...canned });
  return {
    url,
    app,
    agents,
    email: hasEmail ? { port: smtpPort, address: emailAddress } : null,
    facebook:
      standInUrl === null ? null : (does, body) => call(standInUrl, 'POST', `/stand-in/${does}`, { body }),
  };
}
