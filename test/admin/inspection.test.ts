import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { sickListener as listener, sicken } from '../support/sick-listener.ts';

let product: TestProduct;
let admin: Employed;
let illness: Awaited<ReturnType<typeof sicken>>;
beforeAll(async () => {
  product = await startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' });
  admin = await product.employ({ role: 'admin' });
  illness = await sicken(product);
});
beforeEach(() => illness.relapse());
afterAll(() => product.stop());

interface Event {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly appId: number;
  readonly sessionId: number | null;
  readonly correlationId: string;
  readonly causationId: string | null;
}
interface DeadLetter {
  readonly eventId: string;
  readonly key: string;
  readonly subscription: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly failures: readonly { at: string; error: string; durationMs: number; node: string }[];
}

const get = async (path: string, by = admin) => (await by.call('GET', path)).body;
const post = (path: string, body: object, by = admin) => by.call('POST', `/v1/admin/${path}`, body);
const events = async (query: string): Promise<Event[]> => (await get(`/v1/admin/events?${query}`)).items;
const deadLetters = async (query = 'status=dead', by = admin): Promise<DeadLetter[]> =>
  (await get(`/v1/admin/dead-letters?${query}`, by)).items;
const subscription = async (name: string, by = admin) =>
  (await get('/v1/admin/subscriptions', by)).items.find((one: { name: string }) => one.name === name);

/** A visitor who has received the greeting. */
async function greeted(at = product): Promise<Visitor> {
  const visitor = await at.visit();
  await eventually(visitor.history, (said) => said.length === 1);
  return visitor;
}
const key = async ({ sessionId }: Visitor) => (await events(`sessionId=${sessionId}&limit=1`))[0]?.key ?? '';

/** A visitor whose messages have all become dead letters. */
async function poisoned(count = 1) {
  const visitor = await greeted();
  for (let number = 1; number <= count; number++) await visitor.write(`poison ${number}, opening hours`);
  const filter = { key: await key(visitor), subscription: listener };
  const dead = await eventually(
    () => deadLetters(`status=dead&key=${encodeURIComponent(filter.key)}`),
    (found) => found.length === count,
  );
  return { visitor, dead, filter };
}
const answersTo = async (visitor: Visitor) =>
  (await visitor.history()).filter(({ from }) => from === 'bot').length - 1;

describe('events', () => {
  it('are found by each filter alone and by all of them together', async () => {
    const [visitor, other] = [await greeted(), await greeted()];
    await visitor.write('opening hours');
    const mine = await eventually(
      () => events(`sessionId=${visitor.sessionId}`),
      (found) => found.filter(({ type }) => type === 'MessageReplyReadyEvent').length === 2,
    );
    expect(mine.map(({ id }) => id)).toEqual(
      mine
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    const event = mine.find(({ type }) => type === 'MessageReadyEvent') as Event;
    const marks = {
      type: event.type,
      key: event.key,
      sessionId: String(visitor.sessionId),
      correlationId: event.correlationId,
      appId: '1',
    };
    for (const [name, value] of Object.entries(marks)) {
      const found = await events(new URLSearchParams({ [name]: value, limit: '100' }).toString());
      expect(found.map(({ id }) => id)).toContain(event.id);
      for (const one of found) expect([name, String(one[name as keyof Event])]).toEqual([name, value]);
    }
    expect((await events(new URLSearchParams(marks).toString())).map(({ id }) => id)).toEqual([event.id]);
    expect(await events(`key=${encodeURIComponent(event.key)}&sessionId=${other.sessionId}`)).toEqual([]);
    expect(await events('appId=2')).toEqual([]);
  });

  it('are paginated, each once, and new ones do not shift the pages', async () => {
    const visitor = await greeted();
    for (const text of ['one', 'two', 'three']) await visitor.write(text);
    const query = `type=MessageReadyEvent&sessionId=${visitor.sessionId}`;
    const all = await events(query);
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { items, next } = await get(`/v1/admin/events?${query}&limit=1${cursor}`);
      seen.push(...items.map(({ id }: Event) => id));
      if (seen.length === 1) await visitor.write('four');
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen).toEqual(all.map(({ id }) => id));
    expect(seen).toHaveLength(3);
  });

  it.each(['limit=0', 'limit=1000', 'cursor=nonsense', 'sessionId=-1', 'appId=x', 'colour=red'])(
    'requested with %s are rejected',
    async (query) => {
      expect((await admin.call('GET', `/v1/admin/events?${query}`)).status).toBe(422);
    },
  );
});

describe('the story of an event', () => {
  it('has its listeners with times, its cause and its consequences', async () => {
    const visitor = await greeted();
    await visitor.write('opening hours');
    const [event] = await eventually(
      () => events(`type=MessageReadyEvent&sessionId=${visitor.sessionId}`),
      (found) => found.length === 1,
    );
    const story = await eventually(
      () => get(`/v1/admin/events/${event?.id}`),
      ({ chain, listeners }) =>
        chain.some(({ causationId }: Event) => causationId === event?.id) &&
        // Its checkpoint is written shortly after its effects.
        listeners.every(({ outcome }: { outcome: string }) => outcome !== 'pending'),
    );
    const handled = story.listeners.find((one: { listener: string }) => one.listener === listener);
    expect(handled).toMatchObject({ outcome: 'done', attempt: 1, failures: [] });
    expect(handled.startedAt <= handled.finishedAt).toBe(true);
    const reply = story.chain.find(({ causationId }: Event) => causationId === event?.id);
    expect(reply).toMatchObject({
      type: 'MessageReplyReadyEvent',
      correlationId: event?.correlationId,
      sessionId: visitor.sessionId,
    });
    const chainOf = async (id = '') =>
      (await get(`/v1/admin/events/${id}`)).chain.map((one: Event) => one.id).join();
    // The chain may grow between two requests.
    await expect.poll(async () => (await chainOf(event?.id)) === (await chainOf(reply.id))).toBe(true);
    expect((await get(`/v1/admin/events/${reply.id}`)).event.causationId).toBe(event?.id);
  });

  it('has every failed attempt with its error, while it is dead and after a successful retry', async () => {
    const { dead, filter, visitor } = await poisoned();
    const story = async () =>
      (await get(`/v1/admin/events/${dead[0]?.eventId}`)).listeners.find(
        (one: { listener: string }) => one.listener === listener,
      );
    const failure = { error: expect.stringContaining('poisoned'), durationMs: expect.any(Number) };
    expect(await story()).toMatchObject({ outcome: 'dead', attempt: 1, failures: [failure] });
    await illness.heal();
    await post('dead-letters/retry', { filter });
    await expect.poll(() => answersTo(visitor)).toBe(1);
    expect(await story()).toMatchObject({ outcome: 'done', failures: [failure] });
  });

  it('keeps the original outcome apart from a failed replay and its retry', async () => {
    await illness.heal();
    const visitor = await greeted();
    await visitor.write('poison, but only later: opening hours');
    await expect.poll(() => answersTo(visitor)).toBe(1);
    const [event] = await events(`type=MessageReadyEvent&sessionId=${visitor.sessionId}`);
    const outcomes = async () => {
      const { listeners, replays } = await get(`/v1/admin/events/${event?.id}`);
      const live = listeners.find((one: { listener: string }) => one.listener === listener);
      return { live, replayed: replays.map(({ status }: { status: string }) => status) };
    };
    const live = { outcome: 'done', attempt: 1, failures: [] };

    await product.database.sql`UPDATE messages SET read_at = NULL WHERE session_id = ${visitor.sessionId}`;
    await illness.relapse();
    const filter = { eventId: event?.id };
    const { body: replay } = await post('replays', { listeners: [listener], filter });
    await expect.poll(async () => (await outcomes()).replayed).toEqual(['dead']);
    expect(await outcomes()).toMatchObject({ live });
    const [listed] = await events(`type=MessageReadyEvent&sessionId=${visitor.sessionId}`);
    expect(listed).toMatchObject({ id: event?.id, outcome: 'handled' });
    expect((await events('outcome=dead')).map(({ id }) => id)).not.toContain(event?.id);
    const left = await deadLetters(`key=${encodeURIComponent(event?.key ?? '')}`);
    expect(left).toMatchObject([{ eventId: event?.id, replayId: replay.id }]);

    await illness.heal();
    await post('dead-letters/retry', { filter });
    await expect.poll(async () => (await outcomes()).replayed).toEqual(['done']);
    expect(await outcomes()).toMatchObject({ live });
  });
});

describe('dead letters', () => {
  it('have listener, error, attempts and times, and count for their listener only', async () => {
    const deaths = async () => {
      const { body } = await product.call('GET', '/metrics');
      return Number(
        new RegExp(`^mevrik_events_dead_total{listener="${listener}"} (\\d+)$`, 'm').exec(body)?.[1] ?? 0,
      );
    };
    const before = await deaths();
    const { dead, filter } = await poisoned(2);
    for (const one of dead) {
      expect(one).toMatchObject({ ...filter, type: 'MessageReadyEvent', appId: 1, attempts: 1 });
      expect(one.lastError).toContain('poisoned');
      expect(one.failures).toHaveLength(1);
    }
    const all = (await deadLetters()).length;
    await expect
      .poll(() => subscription(listener))
      .toMatchObject({ status: 'active', parked: 0, dead: all, lag: 0 });
    expect(await subscription('SendWelcomeMessage')).toMatchObject({ mode: 'queued', parked: 0, dead: 0 });
    expect(await deaths()).toBe(before + 2);
  });

  it('are paginated, each once, even if several have the same time', async () => {
    const { dead, filter } = await poisoned(5);
    // As when a whole batch was parked in one transaction.
    await product.database.sql`
      UPDATE parked_events SET parked_at = '2026-01-01T00:00:00Z' WHERE key = ${filter.key}`;
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const query = `key=${encodeURIComponent(filter.key)}&limit=2${cursor}`;
      const { items, next } = await get(`/v1/admin/dead-letters?${query}`);
      seen.push(...items.map(({ eventId }: DeadLetter) => eventId));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen.sort()).toEqual(dead.map(({ eventId }) => eventId).sort());
  });

  it.each(['nonsense', ['1', 'x'], ['0000-01-01T00:00:00.000Z', 'x'], ['2026-02-31T00:00:00.000Z', 'x']])(
    'reject a cursor that was never returned: %j',
    async (made) => {
      const cursor = Buffer.from(JSON.stringify(made)).toString('base64url');
      const answer = await admin.call('GET', `/v1/admin/dead-letters?cursor=${cursor}`);
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
    },
  );

  it('are retried one by one, and the others stay', async () => {
    const { dead, filter, visitor } = await poisoned(2);
    await illness.heal();
    const [first, second] = dead.map(({ eventId }) => eventId);
    const retried = await post('dead-letters/retry', { filter: { eventId: first } });
    expect(retried).toMatchObject({ status: 200, body: { retried: 1 } });
    await expect.poll(() => answersTo(visitor)).toBe(1);
    const left = await deadLetters(`key=${encodeURIComponent(filter.key)}`);
    expect(left.map(({ eventId }) => eventId)).toEqual([second]);
    expect((await post('dead-letters/retry', { filter: { eventId: first } })).body).toEqual({ retried: 0 });
  });

  it('are retried by filter, in order, each handled once', async () => {
    const [{ visitor, filter }, bystander] = [await poisoned(3), await poisoned()];
    await illness.heal();
    expect((await post('dead-letters/retry', { filter })).body).toEqual({ retried: 3 });
    await expect.poll(() => deadLetters(`key=${encodeURIComponent(filter.key)}`)).toEqual([]);
    await expect.poll(() => answersTo(visitor)).toBe(3);
    expect(await answersTo(bystander.visitor)).toBe(0);
    const read = await product.database.sql<{ content: { text: string } }[]>`
      SELECT content FROM messages WHERE conversation_key = ${filter.key} AND read_at IS NOT NULL
      ORDER BY read_at`;
    expect(read.map(({ content }) => content.text)).toEqual(
      [1, 2, 3].map((number) => `poison ${number}, opening hours`),
    );
  });

  it('fail again while their cause lasts, and both attempts are stored', async () => {
    const { dead, filter } = await poisoned();
    await post('dead-letters/retry', { filter });
    const [again] = await eventually(
      () => deadLetters(`status=dead&key=${encodeURIComponent(filter.key)}`),
      ([one]) => one?.failures.length === 2,
    );
    expect(again?.eventId).toBe(dead[0]?.eventId);
  });

  it('that are discarded are never handled, even after their cause is fixed', async () => {
    const { filter, visitor } = await poisoned();
    expect((await post('dead-letters/discard', { filter })).body).toEqual({ discarded: 1 });
    await illness.heal();
    await visitor.write('opening hours');
    await expect.poll(() => answersTo(visitor)).toBe(1);
    expect((await post('dead-letters/retry', { filter })).body).toEqual({ retried: 0 });
  });
});
