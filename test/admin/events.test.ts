import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
let visitor: Visitor;
beforeAll(async () => {
  product = await startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' });
  admin = await product.employ({ role: 'admin' });
  visitor = await product.visit();
  await eventually(visitor.history, (said) => said.length === 1); // The greeting.
});
afterAll(() => product.stop());

const get = async (path: string) => (await admin.call('GET', path)).body;

/** Makes the database reject the bot's reply to one text, so that the listener really fails. */
async function poison(text: string) {
  await product.database.sql.unsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM messages WHERE id = NEW.id AND content->>'text' = '${text}') THEN
        RAISE EXCEPTION 'poisoned';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF read_at ON messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
  return () => product.database.sql.unsafe('DROP TRIGGER refuse ON messages; DROP FUNCTION refuse()');
}

const deadLetters = () => get('/v1/admin/dead-letters?status=dead');

describe('an event', () => {
  it('is found by its session, type and chain, page by page', async () => {
    const all = await get(`/v1/admin/events?sessionId=${visitor.sessionId}`);
    const types = all.items.map(({ type }: { type: string }) => type);
    expect(types).toEqual(['MessageReplyReadyEvent', 'SessionCreatedEvent']);
    const first = await get(`/v1/admin/events?sessionId=${visitor.sessionId}&limit=1`);
    const second = await get(`/v1/admin/events?sessionId=${visitor.sessionId}&limit=1&cursor=${first.next}`);
    expect([...first.items, ...second.items]).toEqual(all.items);
    expect((await get('/v1/admin/events?type=MevrikCaseClosedEvent')).items).toEqual([]);
    expect((await admin.call('GET', '/v1/admin/events?limit=0')).status).toBe(422);
  });

  it('has a story: its listeners with their times, its cause and its consequences', async () => {
    const { items } = await get('/v1/admin/events?type=SessionCreatedEvent');
    await expect
      .poll(async () => (await get(`/v1/admin/events/${items[0].id}`)).listeners)
      .toEqual([
        expect.objectContaining({ listener: 'InitializeCustomerSession', outcome: 'done', attempt: 1 }),
        expect.objectContaining({
          listener: 'SendWelcomeMessage',
          outcome: 'done',
          durationMs: expect.any(Number),
        }),
      ]);
    const { event, chain } = await get(`/v1/admin/events/${items[0].id}`);
    const reply = chain.find(({ type }: { type: string }) => type === 'MessageReplyReadyEvent');
    expect(reply).toMatchObject({ causationId: event.id, correlationId: event.correlationId });
  });

  it('that does not exist is not found', async () => {
    const path = '/v1/admin/events/0193a0c0-0000-7000-8000-000000000001';
    expect(await admin.call('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await admin.call('GET', '/v1/admin/events/nonsense')).status).toBe(422);
  });
});

describe('a dead letter', () => {
  it('is listed with its error, and handled by a retry once its cause is fixed', async () => {
    const heal = await poison('poison');
    await visitor.write('poison');
    await expect.poll(async () => (await deadLetters()).items).toHaveLength(1);
    const [dead] = (await deadLetters()).items;
    expect(dead).toMatchObject({
      subscription: 'HandleMessageReadyEvent',
      type: 'MessageReadyEvent',
      status: 'dead',
    });
    expect(dead.lastError).toContain('poisoned');
    const { items } = await get('/v1/admin/subscriptions');
    expect(items.find(({ name }: { name: string }) => name === 'HandleMessageReadyEvent')).toMatchObject({
      dead: 1,
    });
    const story = await get(`/v1/admin/events/${dead.eventId}`);
    expect(story.listeners).toContainEqual(
      expect.objectContaining({ listener: 'HandleMessageReadyEvent', outcome: 'dead' }),
    );

    await heal();
    const said = await visitor.history();
    const retried = await admin.call('POST', '/v1/admin/dead-letters/retry', {
      filter: { eventId: dead.eventId },
    });
    expect(retried).toMatchObject({ status: 200, body: { retried: 1 } });
    await expect.poll(async () => (await get('/v1/admin/dead-letters')).items).toEqual([]);
    await expect.poll(async () => (await visitor.history()).length).toBe(said.length + 1);
  });

  it('can be discarded with all others that match, and that is audited', async () => {
    const heal = await poison('poison');
    await visitor.write('poison');
    await visitor.write('poison');
    await expect.poll(async () => (await deadLetters()).items).toHaveLength(2);
    for (const filter of [{}, { nonsense: 1 }]) {
      expect((await admin.call('POST', '/v1/admin/dead-letters/discard', { filter })).status).toBe(422);
    }
    const discarded = await admin.call('POST', '/v1/admin/dead-letters/discard', {
      filter: { subscription: 'HandleMessageReadyEvent', status: 'dead' },
    });
    expect(discarded.body).toEqual({ discarded: 2 });
    expect((await deadLetters()).items).toEqual([]);
    const { items } = await get('/v1/admin/audit');
    expect(items[0]).toMatchObject({
      actor: `admin ${admin.id}`,
      action: 'dead-letter.discard',
      detail: { count: 2 },
    });
    // An event with a discarded listener is not reported as handled.
    const { items: listed } = await get(`/v1/admin/events?outcome=discarded&sessionId=${visitor.sessionId}`);
    expect(listed).toHaveLength(2);
    expect(listed[0]).toMatchObject({ type: 'MessageReadyEvent', outcome: 'discarded' });
    const story = await get(`/v1/admin/events/${listed[0].id}`);
    expect(story.listeners).toContainEqual(
      expect.objectContaining({
        listener: 'HandleMessageReadyEvent',
        outcome: 'discarded',
        attempt: 1,
        discardedBy: expect.stringMatching(/./),
        finishedAt: expect.stringMatching(/Z$/),
        failures: [expect.objectContaining({ error: expect.stringContaining('poisoned') })],
      }),
    );
    await heal();
  });

  it('can be read but not retried by a supervisor', async () => {
    const supervisor = await product.employ({ role: 'supervisor' });
    expect((await supervisor.call('GET', '/v1/admin/dead-letters')).status).toBe(200);
    const retry = await supervisor.call('POST', '/v1/admin/dead-letters/retry', {
      filter: { status: 'dead' },
    });
    expect(retry.status).toBe(403);
  });
});

describe('an operator', () => {
  it('reads liveness and readiness, part by part', async () => {
    expect(await product.call('GET', '/healthz')).toMatchObject({ status: 200, body: { ok: true } });
    const { body } = await product.call('GET', '/readyz');
    expect(body).toMatchObject({ ok: true, parts: { database: { ok: true } } });
  });

  it('reads Prometheus metrics', async () => {
    const { headers, body } = await product.call('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(body).toMatch(/^mevrik_events_handled_total\{listener="HandleMessageReadyEvent"\} \d+$/m);
    expect(body).toMatch(/^process_cpu_seconds_total/m);
  });

  it('needs a token to read metrics from another machine', async () => {
    const token = 'a-token-of-sixteen-or-more';
    const guarded = await startTestProduct({ METRICS_TOKEN: token });
    expect((await guarded.call('GET', '/metrics')).status).toBe(401);
    expect((await guarded.call('GET', '/metrics', { token: `${token}x` })).status).toBe(401);
    expect((await guarded.call('GET', '/metrics', { token })).status).toBe(200);
    await guarded.stop();
  });
});
