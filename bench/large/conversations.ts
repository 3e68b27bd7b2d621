import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient } from '@mevrik/client';
import type { Timed } from './report.ts';
import { timesOf } from './times.ts';

const conversations = 40;
const appKey = 'large-2';

/** New customers of app 2 write, are handed over, accepted by an agent, answered and closed. @returns each step's times. */
export async function leadConversations(url: string, agentToken: string): Promise<Timed[]> {
  const took = new Map<string, number[]>();
  const step: Step = async (name, act) => {
    const before = performance.now();
    const result = await act();
    took.set(name, [...(took.get(name) ?? []), performance.now() - before]);
    return result;
  };
  const { desk } = createClient({ url, appKey, token: agentToken }).rest;
  for (let number = 0; number < conversations; number++) await lead(url, desk, step);
  return [...took].map(([name, times]) => timesOf(name, times));
}

type Step = <Result>(name: string, act: () => Promise<Result>) => Promise<Result>;

async function lead(url: string, desk: Client['rest']['desk'], step: Step): Promise<void> {
  const { accessToken: token, session } = await step('a visit begins', () =>
    createClient({ url, appKey }).rest.visitor.startVisit(),
  );
  const { visitor } = createClient({ url, appKey, token }).rest;
  await step('a message is stored', () => visitor.writeMessage({ text: 'opening hours' }));
  await step('from there until the bot has answered', () =>
    until(async () => (await visitor.messages()).items.length > 1),
  );
  await visitor.writeMessage({ text: 'I need a human' });
  const item = await step('from a request for a person until it is in the queue', () =>
    until(async () => (await desk.conversation(session.id)).queueItem),
  );
  await step('an agent accepts it', () => desk.acceptQueueItem(item.id));
  await step('the agent replies', () => desk.reply(session.id, { text: 'Here I am' }));
  await step('the agent closes the case', () => desk.closeCase(item.caseId, { disposition: 'resolved' }));
}

async function until<Result>(look: () => Promise<Result>): Promise<NonNullable<Result>> {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await delay(5);
  }
}
