import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { RawClient } from '../support/gateway.ts';
import { type Answer, type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

/** Occurs in the name of the rival app and in all that its customers write. */
const mark = 'Zanzibar';
const window = '24h';

let product: TestProduct;
let admin: Employed;
let supervisor: Employed;
let agent: Employed;
let rival: Awaited<ReturnType<typeof createRival>>;
/** What the supervisor of app 1 saw before the rival app had any data. */
let before: Awaited<ReturnType<typeof readNumbers>>;
let client: RawClient;

beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
  supervisor = await product.employ({ role: 'supervisor' });
  agent = await product.employ();
  before = await readNumbers(supervisor);
  rival = await createRival();
});
afterAll(async () => {
  client?.ws.terminate();
  await product.stop();
});

/** The numbers about customers and agents that supervisors see. */
async function readNumbers(who: Employed) {
  const overview = (await who.call('GET', '/v1/admin/overview')).body;
  const charts = (await who.call('GET', `/v1/admin/charts?window=${window}`)).body;
  const subscriptions = (await who.call('GET', '/v1/admin/subscriptions')).body;
  const sum = (rows: readonly Record<string, number>[], name: string) =>
    rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  return {
    now: overview.now,
    csat: overview.csat,
    ...Object.fromEntries(
      ['received', 'answered', 'failed', 'meanWaitSeconds'].map((name) => [name, sum(overview.hours, name)]),
    ),
    charts: ['accepted', 'waitP50Seconds', 'csatAnswers', 'csatMean'].map((name) => sum(charts.points, name)),
    listeners: subscriptions.items.map(({ name, status, parked, dead }: Record<string, unknown>) => ({
      name,
      status,
      parked,
      dead,
    })),
  };
}

/** A second app: one customer who waits, one who was served and answered the survey, and a paused listener. */
async function createRival() {
  const { id, key } = (await admin.call('POST', '/v1/admin/apps', { name: `${mark} Ltd` })).body;
  const server = await product.employ({ role: 'supervisor', name: `${mark} agent`, appIds: [id] });
  await product.employ({ name: 'Shared', appIds: [1, id] });
  await server.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  const [served, waiting] = [await arrive(key), await arrive(key)];
  const queueItem = async (sessionId: number) =>
    (await admin.call('GET', `/v1/sessions/${sessionId}/conversation`)).body.queueItem;
  await server.call('POST', `/v1/queue-items/${(await queueItem(served.sessionId)).id}/accept`);
  const item = await queueItem(waiting.sessionId);
  const event = (await admin.call('GET', `/v1/admin/events?appId=${id}&limit=1`)).body.items[0];
  const message = (await admin.call('GET', `/v1/sessions/${waiting.sessionId}/messages`)).body.items[0];
  const reply = { appId: id, shortcut: 'rival', text: mark };
  const canned = (await admin.call('POST', '/v1/canned-replies', reply)).body;
  await storeOutcomes(id, served.sessionId, event);
  client = new RawClient(`${product.url.replace('http', 'ws')}/app/${key}?protocol=7`);
  const channel = `private-session${waiting.sessionId}`;
  const auth = await authorize(server, key, channel, await client.socketId());
  client.subscribe(channel, auth.body);
  await client.next('pusher_internal:subscription_succeeded');
  return {
    id,
    key,
    sessionId: waiting.sessionId,
    itemId: item.id,
    caseId: item.caseId,
    customerId: waiting.id,
    otherCustomerId: served.id,
    messageId: message.id,
    eventId: event.id,
    cannedReplyId: canned.id,
  };
}

/** A customer of the rival app who waits in its queue. */
async function arrive(appKey: string) {
  const visitor = await product.visit({ appKey, profile: { name: `${mark} customer` } });
  await visitor.write(`I need a human in ${mark}`);
  await eventually(
    async () => (await admin.call('GET', `/v1/sessions/${visitor.sessionId}/conversation`)).body,
    ({ queueItem }) => queueItem?.status === 'waiting',
  );
  return visitor;
}

/** Stores a survey's answer, a failed message, a dead letter and a paused listener of the rival app. */
async function storeOutcomes(appId: number, sessionId: number, event: { id: string; key: string }) {
  const { sql } = product.database;
  await sql`UPDATE messages SET delivery_status = 'failed' WHERE app_id = ${appId} AND NOT is_reply`;
  await sql`
    INSERT INTO csat_surveys (app_id, case_id, session_id, customer_id, conversation_key, status, answer, answered_at,
                              expires_at)
    SELECT app_id, id, session_id, customer_id, ${event.key}, 'answered', '{"score": 1}', now(), now()
    FROM cases WHERE session_id = ${sessionId}`;
  await sql`
    INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status, last_error)
    SELECT 'AssignQueueItem', partition, "offset", id, type, key, app_id, 'dead', ${mark}
    FROM events WHERE id = ${event.id}::uuid`;
  await sql`
    INSERT INTO paused_apps (subscription, app_id, reason) VALUES ('AssignQueueItem', ${appId}, ${mark})`;
}

function authorize(who: Employed, appKey: string, channel: string, socketId = '1.1'): Promise<Answer> {
  const body = { socket_id: socketId, channel_name: channel };
  return who.call('POST', `/broadcasting/auth?app_key=${appKey}`, body);
}

/** Where a response names the rival app, its sessions, or what its customers wrote. */
function leaksIn(value: unknown, at = ''): string[] {
  const texts = [mark, `session${rival.sessionId}`];
  if (typeof value === 'string') return texts.some((text) => value.includes(text)) ? [at] : [];
  if (typeof value !== 'object' || value === null) {
    return value === rival.id && /\.(appId|appIds|catchingUp)\b/.test(at) ? [at] : [];
  }
  return Object.entries(value).flatMap(([name, inner]) => leaksIn(inner, `${at}.${name}`));
}

/** The documented routes with these methods that need an access token: method and path. */
async function routesOf(...methods: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const { paths } = (await product.call('GET', '/docs/json')).body;
  const documented = Object.entries<object>(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => path.startsWith('/v1/') && methods.includes(method))
      .map((method) => [method.toUpperCase(), path] as const),
  );
  const isClosed = await Promise.all(
    documented.map(async ([method, path]) => (await product.call(method, path)).status === 401),
  );
  return documented.filter((_, index) => isClosed[index]);
}

/** A route with the ids of the rival app's records. */
function pathOfRival(path: string): string {
  const ids: readonly (readonly [RegExp, string | number])[] = [
    [/\/sessions\/\{id\}/, rival.sessionId],
    [/\/cases\/\{id\}/, rival.caseId],
    [/\/customers\/\{id\}/, rival.customerId],
    [/\/queue-items\/\{id\}/, rival.itemId],
    [/\/messages\/\{id\}/, rival.messageId],
    [/\/events\/\{id\}/, rival.eventId],
    [/\/canned-replies\/\{id\}/, rival.cannedReplyId],
    [/\{index\}/, 0],
  ];
  return ids.reduce(
    (text, [pattern, id]) => text.replace(pattern, (found) => found.replace(/\{.*\}/, String(id))),
    path,
  );
}

const isForRole = ({ body }: Answer) => /^This requires the role|^Only /.test(body?.detail ?? '');

describe('a supervisor or an agent of one app', () => {
  const required: Record<string, () => string> = {
    '/v1/admin/messages': () => `q=${mark}`,
    '/v1/customers': () => `appId=1&search=${mark}`,
    '/v1/canned-replies': () => 'appId=1',
  };
  /** Lists and reports that hold data of apps: an administrator sees the rival app in each. */
  const shows = [
    '/v1/admin/channels',
    '/v1/admin/dead-letters',
    '/v1/admin/events',
    '/v1/admin/gateway',
    '/v1/admin/gateway/connections',
    '/v1/admin/gateway/topics',
    '/v1/admin/messages',
    '/v1/admin/queues',
    '/v1/admin/subscriptions',
    '/v1/agents',
    '/v1/apps',
    '/v1/conversations',
    '/v1/queue-items',
    '/v1/sessions',
  ];

  it('sees nothing of another app in any list or report', async () => {
    const seen: string[] = [];
    for (const [, path] of await routesOf('get')) {
      if (path.includes('{')) continue;
      const address = `${path}?${required[path]?.() ?? ''}`;
      for (const who of [supervisor, agent]) {
        const answer = await who.call('GET', address);
        if (answer.status === 403 && isForRole(answer)) continue;
        expect([path, answer.status]).toEqual([path, 200]);
        expect([path, leaksIn(answer.body)]).toEqual([path, []]);
      }
      if (leaksIn((await admin.call('GET', address)).body).length > 0) seen.push(path);
    }
    expect(seen).toEqual(expect.arrayContaining(shows));
  });

  it('counts only the conversations, cases and answers of their app', async () => {
    expect(await readNumbers(supervisor)).toEqual(before);
    expect((await readNumbers(admin)).now).toMatchObject({ waiting: 1, openCases: 2, activeSessions: 2 });
  });

  it('cannot filter by another app', async () => {
    for (const [, path] of await routesOf('get')) {
      const answer = await supervisor.call('GET', `${path}?appId=${rival.id}&q=${mark}&search=${mark}`);
      if (path.includes('{') || answer.status === 422) continue;
      expect([path, answer.status, leaksIn(answer.body)]).toEqual([path, answer.status, []]);
    }
    for (const path of ['/v1/admin/events', '/v1/admin/gateway/topics', '/v1/admin/gateway/connections']) {
      expect((await supervisor.call('GET', `${path}?appId=${rival.id}`)).status).toBe(403);
      expect((await supervisor.call('GET', `${path}?appId=1`)).status).toBe(200);
    }
  });

  it('can neither read nor change a record of another app', async () => {
    const bodies: Record<string, object> = {
      'POST /v1/cases/{id}/close': { disposition: 'resolved' },
      'POST /v1/customers/{id}/merge': { otherId: rival.otherCustomerId },
      'POST /v1/sessions/{id}/notes': { text: 'hello' },
      'POST /v1/sessions/{id}/read': { messageId: rival.messageId },
      'POST /v1/sessions/{id}/replies': { text: 'hello' },
      'POST /v1/sessions/{id}/transfer': { to: { queue: 'support' } },
      'POST /v1/sessions/{id}/typing': { typing: true },
      'PATCH /v1/customers/{id}': { name: 'Changed' },
      'PATCH /v1/canned-replies/{id}': { text: 'Changed' },
    };
    let checked = 0;
    for (const [method, path] of await routesOf('get', 'post', 'put', 'patch', 'delete')) {
      if (!path.includes('{')) continue;
      for (const who of [supervisor, agent]) {
        const answer = await who.call(method, pathOfRival(path), bodies[`${method} ${path}`]);
        if (answer.status === 403 && isForRole(answer)) continue;
        checked += 1;
        // The list of a message's deliveries is empty.
        const isRejected = [403, 404].includes(answer.status) || answer.body.items?.length === 0;
        expect([method, path, answer.status, isRejected]).toEqual([method, path, answer.status, true]);
        expect([path, leaksIn(answer.body)]).toEqual([path, []]);
      }
    }
    expect(checked).toBeGreaterThan(2 * Object.keys(bodies).length);
  });

  it('cannot subscribe to a topic of another app, through either app', async () => {
    const { sessionId, caseId, customerId, id, key } = rival;
    const topics = ['log', 'queues', 'sessions', 'opening', 'agentlive', 'agentbot', `agent${supervisor.id}`];
    const ofRecords = [`session${sessionId}`, `case${caseId}`, `queues-app-${id}`];
    for (const topic of [...topics, ...ofRecords, `user${customerId}`]) {
      for (const prefix of ['private', 'presence']) {
        const { status } = await authorize(supervisor, key, `${prefix}-${topic}`);
        expect([topic, status]).toEqual([topic, 403]);
      }
    }
    for (const topic of ofRecords) {
      expect([topic, (await authorize(supervisor, product.app.key, `private-${topic}`)).status]).toEqual([
        topic,
        403,
      ]);
    }
    const signIn = `/broadcasting/user-auth?app_key=${key}`;
    expect((await supervisor.call('POST', signIn, { socket_id: '1.1' })).status).toBe(403);
    expect((await authorize(supervisor, product.app.key, 'private-log')).status).toBe(200);
  });
});
