import { setTimeout } from 'node:timers/promises';
import { createClient } from '@mevrik/client';
import { createTransport } from 'nodemailer';
import type { Shop } from './shop.ts';
import type { Topic } from './topics.ts';

/** The channel by which a customer writes to the shop. */
export type Way = 'email' | 'facebook' | 'web';

/** A customer with a request. */
export interface ShopCustomer {
  readonly name: string;
  readonly way: Way;
  /** Their first message; unique among all customers. */
  readonly question: string;
  /** The topic of the request; `null` if the bot can answer it. */
  readonly topic: Topic | null;
  /** Writes a message; the first one opens the conversation. */
  write(text: string): Promise<void>;
  /** Answers the survey, if the channel has one. */
  rate(score: number, comment?: string): Promise<void>;
}

type Person = Pick<ShopCustomer, 'name' | 'question' | 'topic'> & { readonly number: number };

/** Creates a customer, who writes on the web if the shop does not have the channel. */
export function createCustomer(shop: Shop, way: Way, person: Person): ShopCustomer {
  if (way === 'facebook' && shop.facebook) return onFacebook(person, shop.facebook);
  if (way === 'email' && shop.email) return byEmail(person, shop.email);
  return onTheWeb(person, shop);
}

function addressOf(name: string): string {
  const plain = name.normalize('NFD').replace(/[^a-z ]/gi, '');
  return `${plain.toLowerCase().replaceAll(' ', '.')}@example.org`;
}

function onTheWeb(person: Person, { url, app }: Shop): ShopCustomer {
  const stranger = createClient({ url, appKey: app.key });
  const { name, number } = person;
  const attributes = { orders: 1 + ((number * 7) % 23), plan: number % 4 === 0 ? 'gold' : 'standard' };
  let visit: ReturnType<typeof visiting> | undefined;
  const visiting = async () => {
    const profile = { name, email: addressOf(name), attributes };
    const { accessToken } = await stranger.rest.visitor.startVisit({ profile });
    return createClient({ url, appKey: app.key, token: accessToken }).rest;
  };
  const visitor = () => {
    visit ??= visiting();
    return visit;
  };
  return {
    ...person,
    way: 'web',
    async write(text) {
      await (await visitor()).visitor.writeMessage({ text });
    },
    async rate(score, comment) {
      const rest = await visitor();
      while ((await rest.visitor.me()).session?.path !== 'csat') await setTimeout(50);
      await rest.visitor.answerSurvey({ score, ...(comment === undefined ? {} : { comment }) });
    },
  };
}

function onFacebook(person: Person, facebook: NonNullable<Shop['facebook']>): ShopCustomer {
  return {
    ...person,
    way: 'facebook',
    async write(text) {
      await facebook('person', { id: `psid-${person.number}`, name: person.name });
      await facebook('message', { person: `psid-${person.number}`, text });
    },
    async rate() {},
  };
}

function byEmail(person: Person, { port, address }: NonNullable<Shop['email']>): ShopCustomer {
  const client = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  let subject = '';
  let first: string | undefined;
  return {
    ...person,
    way: 'email',
    async write(text) {
      subject ||= text.split(/[.?!:]/)[0] ?? text;
      const { messageId } = await client.sendMail({
        from: { name: person.name, address: addressOf(person.name) },
        to: address,
        subject: first === undefined ? subject : `Re: ${subject}`,
        text,
        ...(first === undefined ? {} : { inReplyTo: first, references: [first] }),
      });
      first ??= messageId;
    },
    async rate() {},
  };
}
