import type { QueueItem } from '@mevrik/protocol';
import type { ShopCustomer } from './customers.ts';
import type { DayClock } from './day-clock.ts';
import type { ShopAgent } from './shop.ts';

const atOnce = 3;

/** What agents share while they work. */
export interface Work {
  readonly clock: DayClock;
  readonly random: () => number;
  /** Finds the customer who asked a question. */
  whoAsked(question: string): ShopCustomer | undefined;
  /** Customers whose conversation stays open at the end of the day. */
  isLeftOpen(customer: ShopCustomer): boolean;
  /** The number of customers not served yet; agents stop working at zero. */
  toServe: number;
}

/**
 * An agent works for a day: accepts the longest waiting conversations of their skills, up to three at once,
 * and has a lunch break.
 */
export async function workADay(agent: ShopAgent, work: Work): Promise<{ readonly served: number }> {
  const { clock, random } = work;
  const { rest } = agent.desk;
  await rest.desk.setAvailability({ availability: 'online', capacity: atOnce + 2 });
  const open = new Set<Promise<void>>();
  let served = 0;
  let isAtLunch = false;
  while (work.toServe > 0) {
    const hasLunch = clock.now() > agent.lunch[0] && clock.now() < agent.lunch[1];
    if (hasLunch !== isAtLunch) {
      isAtLunch = hasLunch;
      await rest.desk.setAvailability({ availability: hasLunch ? 'away' : 'online' });
    }
    const item = hasLunch || open.size >= atOnce ? undefined : await acceptNext(agent);
    if (item) {
      served++;
      work.toServe--;
      const serving = serve(item).finally(() => open.delete(serving));
      open.add(serving);
    } else await Promise.race([clock.in(2), ...open]);
  }
  await Promise.all(open);
  return { served };

  /** Waits until a customer's message has arrived, and reads it: emails and webhooks take time. */
  async function read(sessionId: number, text: string): Promise<void> {
    for (;;) {
      const { items } = await rest.desk.sessionMessages(sessionId, { limit: 100 });
      const last = items.find(({ content }) => content.text === text);
      if (last) return rest.desk.markReadIn(sessionId, last.id);
      await clock.in(0.5);
    }
  }

  async function serve({ sessionId, caseId }: QueueItem): Promise<void> {
    const { items } = await rest.desk.sessionMessages(sessionId, { limit: 100 });
    const asked = items
      .filter(({ sender }) => sender.type === 'customer')
      .map(({ content }) => content.text ?? '');
    const customer = asked.map(work.whoAsked).find((found) => found !== undefined);
    const topic = customer?.topic;
    if (!customer || !topic) return;
    await read(sessionId, customer.question);
    if (topic.note) await rest.desk.addNote(sessionId, topic.note);
    for (const [turn, text] of topic.exchange.entries()) {
      await clock.in(0.5 + random() * 2.5);
      if (turn > 1 && work.isLeftOpen(customer)) return;
      if (turn % 2 === 1) {
        await customer.write(text);
        await read(sessionId, text);
      } else await rest.desk.reply(sessionId, { text });
    }
    await clock.in(0.5 + random());
    await rest.desk.closeCase(caseId, { disposition: topic.disposition });
    if (random() < 0.7) {
      await clock.in(1 + random() * 2);
      await customer.rate(...topic.rating);
    }
  }
}

/** Accepts the longest waiting conversation of an agent's skills. */
async function acceptNext({ desk: { rest }, skills }: ShopAgent): Promise<QueueItem | undefined> {
  const { items } = await rest.desk.queueItems({ status: 'waiting' });
  const item = items.find(({ queue }) => skills.includes(queue) || queue === 'support');
  if (!item) return undefined;
  try {
    return (await rest.desk.acceptQueueItem(item.id)).queueItem;
  } catch {
    // A colleague accepted it first.
    return undefined;
  }
}
