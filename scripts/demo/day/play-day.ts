import { randomBytes } from 'node:crypto';
import { paint } from '../paint.ts';
import type { DemoServer } from '../server.ts';
import { createCustomer, type ShopCustomer, type Way } from './customers.ts';
import { type DayClock, dayMinutes, seededNumbers, startDay } from './day-clock.ts';
import { customerNames } from './people.ts';
import { type Work, workADay } from './serving.ts';
import { furnishShop, type Shop } from './shop.ts';
import { spreadStatistics } from './spread-statistics.ts';
import { stretchTime } from './stretch-time.ts';
import { botQuestions, topics } from './topics.ts';

const lateOnes = 5;
const ways: readonly Way[] = ['web', 'facebook', 'email', 'web', 'web'];

/**
 * Fills a server with a day of a shop: customers on the web, on Facebook and by email, a bot and four agents.
 * It passes `pace` times as fast as real time, or as fast as the machine can; on a server that the demo has
 * started, the times are then stretched to ten hours. @returns the app of the shop.
 */
export async function playDay(server: DemoServer, pace = 300): Promise<{ appId: number }> {
  const password = randomBytes(9).toString('base64url');
  const shop = await furnishShop(server, password);
  const customers = invite(shop);
  const [early, late] = [customers.slice(0, -lateOnes), customers.slice(-lateOnes)];
  const seconds = Math.round((dayMinutes * 60) / pace);
  console.log(
    `The shop opens: ${customers.length} customers, ${shop.agents.length} agents, ${seconds} seconds.`,
  );
  const since = new Date();
  const clock = startDay(pace);
  const asked = new Map(early.map((customer) => [customer.question, customer]));
  const toServe = early.filter(({ topic }) => topic !== null);
  const leftOpen = new Set(toServe.slice(-3));
  const work: Work = {
    clock,
    random: seededNumbers(7),
    whoAsked: (question) => asked.get(question),
    isLeftOpen: (customer) => leftOpen.has(customer),
    toServe: toServe.length,
  };
  const [days] = await Promise.all([
    Promise.all(shop.agents.map((agent) => workADay(agent, work))),
    ...early.map((customer, at) => come(customer, { clock, minute: arrival(at / early.length) })),
    misfortune(shop, clock),
  ]);
  // No agent accepts anything now, so these conversations stay in the queue for the reader to see.
  for (const customer of late) {
    await clock.in(3);
    await customer.write(customer.question);
  }
  await clock.in(3);
  if (server.databaseUrl !== null) {
    const factor = (dayMinutes * 60_000) / (Date.now() - since.getTime());
    const { databaseUrl } = server;
    await spreadStatistics(databaseUrl, since, () => stretchTime(databaseUrl, { since, factor }));
  }
  for (const [at, { served }] of days.entries())
    console.log(`  ${shop.agents[at]?.name} served ${served} conversations.`);
  console.log(`
${paint('bold', 'The day has ended, and some customers are still waiting.')} Open:

  ${server.url}/desk    as ${emailOf(shop, 0)}
  ${server.url}/admin   as ${server.email}

  password of the agents  ${password}${server.password === null ? '' : `\n  of the administrator   ${server.password}`}
`);
  return { appId: shop.app.id };
}

function emailOf({ agents, app }: Shop, at: number): string {
  return `${agents[at]?.name.split(' ')[0]?.toLowerCase()}-${app.id}@fjellshop.example`;
}

function invite(shop: Shop): ShopCustomer[] {
  return customerNames.map((name, at) => {
    const order = `2${String(4180 + at * 37).padStart(4, '0')}`;
    const forBot = at % 5 === 3;
    const topic = forBot ? null : (topics[(at * 4) % topics.length] ?? null);
    const question = topic ? topic.question.replace('{order}', order) : `${botQuestions[at % 3]}`;
    const way = forBot ? 'web' : (ways[at % ways.length] ?? 'web');
    return createCustomer(shop, way, { name, question, topic, number: at });
  });
}

/**
 * The minute in which a customer writes, by their share of all customers: most write before and after lunch.
 */
function arrival(share: number): number {
  return 5 + 570 * (share - Math.sin(share * 4 * Math.PI) / 16);
}

async function come(customer: ShopCustomer, { clock, minute }: { clock: DayClock; minute: number }) {
  await clock.at(minute);
  await customer.write(customer.question);
}

/** Facebook fails temporarily in the morning, and permanently in the afternoon. */
async function misfortune({ facebook }: Shop, clock: DayClock): Promise<void> {
  if (!facebook) return;
  await clock.at(150);
  await facebook('failure', { does: 'refuse', code: 2, status: 500, times: 2 });
  await clock.at(400);
  await facebook('failure', { does: 'refuse', code: 551, status: 400 });
}
