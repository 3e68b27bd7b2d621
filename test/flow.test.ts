import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './support/dispatch.ts';
import { Pusher } from './support/gateway.ts';
import { startTestProduct, type TestProduct } from './support/product.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
});
afterAll(() => product.stop());

/** Subscribes a pusher-js client to these channels and records what it receives. */
function subscribe(token: string, channels: readonly string[]) {
  const { hostname, port } = new URL(product.url);
  const pusher = new Pusher(product.app.key, {
    cluster: 'local',
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `${product.url}/broadcasting/auth`,
      headers: { authorization: `Bearer ${token}` },
      customHandler: async ({ socketId, channelName }, done) => {
        const body = { socket_id: socketId, channel_name: channelName };
        const answer = await product.call('POST', '/broadcasting/auth', { token, body });
        if (answer.status === 200) done(null, answer.body);
        else done(new Error(JSON.stringify(answer.body)), null);
      },
    },
  });
  const received: { channel: string; event: string; data: Record<string, unknown> }[] = [];
  const subscribed = channels.map(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const channel = pusher.subscribe(name);
        channel.bind('pusher:subscription_succeeded', () => resolve());
        channel.bind('pusher:subscription_error', (error: unknown) =>
          reject(new Error(JSON.stringify(error))),
        );
        channel.bind_global((event: string, data: Record<string, unknown>) => {
          if (!event.startsWith('pusher')) received.push({ channel: name, event, data });
        });
      }),
  );
  return { received, ready: Promise.all(subscribed), stop: () => pusher.disconnect() };
}

test('a conversation from the first message to the survey, seen live by everyone involved', async () => {
  const agent = await product.employ({ name: 'Alex' });
  const visitor = await product.visit({ profile: { name: 'Vera' } });
  const session = `private-session${visitor.sessionId}`;
  const desk = subscribe(agent.token, [
    'private-queues',
    `private-queues-app-${product.app.id}`,
    'private-agentlive',
    'private-agentbot',
    session,
  ]);
  const { id: customerId } = (await visitor.call('GET', '/v1/me')).body.customer;
  const own = `private-user${customerId}`;
  const widget = subscribe(visitor.token, [session, own, 'messages']);
  await Promise.all([desk.ready, widget.ready]);

  await visitor.write('hello');
  await eventually(visitor.history, (said) =>
    said.some(({ from, text }) => from === 'bot' && text?.startsWith('Hello Vera')),
  );
  await visitor.write('I want to talk to a human');

  const waiting = await eventually(
    () => agent.call('GET', '/v1/queue-items?status=waiting'),
    ({ body }) => body.items.length === 1,
  );
  const [item] = waiting.body.items;
  expect(item).toMatchObject({ queue: 'support', reason: 'handover', sessionId: visitor.sessionId });

  const ofCase = `private-case${item.caseId}`;
  const followers = [subscribe(agent.token, [ofCase]), subscribe(visitor.token, [ofCase])];
  await Promise.all(followers.map(({ ready }) => ready));

  const accepted = await agent.call('POST', `/v1/queue-items/${item.id}/accept`);
  expect(accepted.status).toBe(200);
  expect(accepted.body.session).toMatchObject({ agentType: 'live', path: `live/agent:${agent.id}` });

  const reply = await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, {
    text: 'How can I help?',
  });
  expect(reply.status).toBe(201);
  await visitor.write('It works now, thank you');
  const closed = await agent.call('POST', `/v1/cases/${item.caseId}/close`, { disposition: 'resolved' });
  expect(closed.body.case).toMatchObject({ status: 'closed', closedBy: 'agent', disposition: 'resolved' });

  await eventually(visitor.history, (said) => said.some(({ text }) => text?.startsWith('How did we do?')));
  const answered = await visitor.call('POST', '/v1/csat-answers', { score: 5, comment: 'Great' });
  expect(answered.status).toBe(201);
  const me = await eventually(
    () => visitor.call('GET', '/v1/me'),
    ({ body }) => body.session?.path === 'bot',
  );
  expect(me.body.session).toMatchObject({ agentType: 'bot', assignedAgentId: null, openCaseId: null });
  expect((await product.database.sql`SELECT status, answer FROM csat_surveys`)[0]).toEqual({
    status: 'answered',
    answer: { score: 5, comment: 'Great' },
  });

  const names = (received: typeof desk.received, channel: string) =>
    new Set(received.filter((one) => one.channel === channel).map((one) => one.event));
  await eventually(
    () => names(desk.received, session),
    (received) => received.has('case_start'),
  );
  await eventually(
    () => names(widget.received, session),
    (received) => received.has('case_start'),
  );
  expect([...names(desk.received, session)]).toEqual(
    expect.arrayContaining(['message_post', 'message_reply', 'case_closed', 'case_start']),
  );
  expect([...names(desk.received, 'private-queues')]).toContain('queue_created');
  expect([...names(desk.received, `private-queues-app-${product.app.id}`)]).toContain('queue_created');
  expect([...names(desk.received, 'private-agentbot')]).toContain('message_post');
  expect([...names(desk.received, 'private-agentlive')]).toEqual(
    expect.arrayContaining(['message_reply', 'case_closed', 'case_start']),
  );
  expect([...names(widget.received, 'messages')]).toEqual(
    expect.arrayContaining(['message_post', 'message_reply', 'case_closed', 'case_start']),
  );
  await agent.call('PATCH', `/v1/customers/${customerId}`, { name: 'Vera V.' });
  // Notices are sent by listeners, events beside them: their order is not given, and the first may be of before.
  const later = ['session_path_changed', 'case_closed', 'case_start'];
  const allOfCase = ['case_created', ...later];
  for (const [received, channel, needed, possible] of [
    [widget.received, own, ['customer_changed', ...allOfCase], ['customer_changed', ...allOfCase]],
    ...followers.map(({ received }) => [received, ofCase, later, allOfCase] as const),
  ] as const) {
    const all = await eventually(
      () => names(received, channel),
      (seen) => needed.every((event) => seen.has(event)),
    );
    expect(possible).toEqual(expect.arrayContaining([...all]));
  }
  for (const { stop } of followers) stop();
  const publicly = JSON.stringify(widget.received.filter(({ channel }) => channel === 'messages'));
  expect(publicly).not.toContain('human');
  expect(publicly).not.toContain('Vera');
  desk.stop();
  widget.stop();
});
