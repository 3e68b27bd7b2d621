import { setTimeout as delay } from 'node:timers/promises';
import type { Timed } from './report.ts';
import { timesOf } from './times.ts';

const conversations = 40;

/** New customers of app 2 write, are handed over, accepted by an agent, answered and closed. @returns each step's times. */
export async function leadConversations(url: string, agentToken: string): Promise<Timed[]> {
  const took = new Map<string, number[]>();
  const step = async <Result>(name: string, act: () => Promise<Result>): Promise<Result> => {
    const before = performance.now();
    const result = await act();
    took.set(name, [...(took.get(name) ?? []), performance.now() - before]);
    return result;
  };
  for (let number = 0; number < conversations; number++) {
    await lead((method, path, token, body) => call(url, method, path, token, body), step, agentToken);
  }
  return [...took].map(([name, times]) => timesOf(name, times));
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
type Call = (method: string, path: string, token?: string, body?: unknown) => Promise<any>;
type Step = <Result>(name: string, act: () => Promise<Result>) => Promise<Result>;

async function lead(call: Call, step: Step, agentToken: string): Promise<void> {
  const visit = await step('a visit begins', () =>
    call('POST', '/v1/visitors', undefined, { appKey: 'large-2' }),
  );
  const token: string = visit.accessToken;
  const sessionId: number = visit.session.id;
  const write = (text: string) => call('POST', '/v1/messages', token, { text });
  const history = async () => (await call('GET', '/v1/messages?limit=50', token)).items;
  await step('a message is stored', () => write('opening hours'));
  await step('from there until the bot has answered', () => until(async () => (await history()).length > 1));
  await write('I need a human');
  const item = await step('from a request for a person until it is in the queue', () =>
    until(async () => {
      const row = await call('GET', `/v1/sessions/${sessionId}/conversation`, agentToken);
      return row.queueItem;
    }),
  );
  await step('an agent accepts it', () => call('POST', `/v1/queue-items/${item.id}/accept`, agentToken));
  await step('the agent replies', () =>
    call('POST', `/v1/sessions/${sessionId}/replies`, agentToken, { text: 'Here I am' }),
  );
  await step('the agent closes the case', () =>
    call('POST', `/v1/cases/${item.caseId}/close`, agentToken, { disposition: 'resolved' }),
  );
}

async function until<Result>(look: () => Promise<Result>): Promise<NonNullable<Result>> {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await delay(5);
  }
}

async function call(url: string, method: string, path: string, token?: string, body?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
