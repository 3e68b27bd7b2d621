import { randomUUID } from 'node:crypto';
import type { EventStory, LoggedEventPage } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLogPosition } from '../../packages/server/src/log/log-position.ts';
import type { Tx } from '../../packages/server/src/log/transaction.ts';
import { createUnitOfWork } from '../../packages/server/src/log/unit-of-work.ts';
import { customerOf, eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let admin: Employed;
let visitor: Visitor;
beforeAll(async () => {
  product = await startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' });
  admin = await product.employ({ role: 'admin' });
  visitor = await product.visit();
  await visitor.write('where is my 100% cotton shirt?');
  await eventually(visitor.history, (said) => said.length === 3);
});
afterAll(() => product.stop());

async function events(query: string, by = admin): Promise<LoggedEventPage> {
  const { status, body } = await by.call('GET', `/v1/admin/events?${query}`);
  expect(status).toBe(200);
  return body;
}
const typesOf = ({ items }: LoggedEventPage) => items.map(({ type }) => type);
/** The visitor's first message. */
const asked = () => events('type=MessageReadyEvent').then(({ items }) => items.at(-1));
const keysOf = ({ items }: LoggedEventPage) => items.map(({ key }) => key);
const idsOf = ({ items }: LoggedEventPage) => items.map(({ id }) => id);

describe('the events of the log', () => {
  it('are found by several kinds, and by words in the message', async () => {
    const two = typesOf(await events('type=MessageReadyEvent,SessionCreatedEvent'));
    expect(new Set(two)).toEqual(new Set(['MessageReadyEvent', 'SessionCreatedEvent']));
    expect(typesOf(await events('text=COTTON'))).toContain('MessageReadyEvent');
    expect(typesOf(await events('text=100%25%20cotton'))).toContain('MessageReadyEvent');
    // Characters of a word are not wildcards.
    for (const word of ['1%25cotton', '100_ cotton']) {
      expect((await events(`text=${word}`)).items).toEqual([]);
    }
    await visitor.write('the label says "size\\M"');
    const quoted = encodeURIComponent('says "size\\M"');
    await expect.poll(async () => typesOf(await events(`text=${quoted}`))).toContain('MessageReadyEvent');
    const event = await asked();
    expect((await events(`text=${event?.id}`)).items.map(({ id }) => id)).toContain(event?.id);
  });

  it('are found by time', async () => {
    const event = await asked();
    const at = event?.occurredAt ?? '';
    const later = new Date(Date.parse(at) + 1).toISOString();
    const then = await events(`type=MessageReadyEvent&from=${at}&until=${later}`);
    expect(then.items.map(({ id }) => id)).toEqual([event?.id]);
    for (const other of [`until=${at}`, `from=${later}`]) {
      expect(idsOf(await events(`type=MessageReadyEvent&${other}`))).not.toContain(event?.id);
    }
  });

  it.each([
    ['an event', randomUUID()],
    ['no position', 'WzFd'],
    ['another log', writeLogPosition({ epoch: randomUUID(), offsets: Array(64).fill(0) })],
  ])('are not listed after %s', async (_what, after) => {
    const { status, body } = await admin.call('GET', `/v1/admin/events?after=${after}`);
    expect([status, body.errors[0].path]).toEqual([422, 'after']);
  });

  it('have an outcome, and are found by it', async () => {
    await expect.poll(async () => (await asked())?.outcome).toBe('handled');
    const { heal } = await sicken(product);
    await visitor.write('poison');
    await expect.poll(async () => typesOf(await events('outcome=dead'))).toEqual(['MessageReadyEvent']);
    expect((await events('outcome=parked')).items).toEqual([]);
    await heal();
    await admin.call('POST', '/v1/admin/dead-letters/retry', { filter: { subscription: sickListener } });
    await expect.poll(async () => (await events('outcome=dead')).items).toEqual([]);

    await product.database.sql`
      INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${sickListener}, 1, 'a test')`;
    await admin.call('POST', '/v1/admin/dead-letters/retry', { filter: { status: 'dead' } });
    await visitor.write('waits for its turn');
    const waiting = await events('outcome=waiting&type=MessageReadyEvent');
    expect(waiting.items.map(({ data }) => JSON.stringify(data))).toEqual([
      expect.stringContaining('waits for its turn'),
    ]);
    const { items } = (await admin.call('GET', '/v1/admin/subscriptions')).body;
    const behind = items.find(({ name }: { name: string }) => name === sickListener);
    expect(behind).toMatchObject({
      status: 'paused',
      pausedApps: [{ appId: 1, reason: 'a test', since: expect.any(String) }],
    });
    await admin.call('POST', `/v1/admin/subscriptions/${sickListener}/resume`);
    await expect.poll(async () => (await events('outcome=waiting')).items).toEqual([]);
  });

  it('of other apps are hidden from supervisors', async () => {
    const { body: other } = await admin.call('POST', '/v1/admin/apps', { name: 'Other' });
    const stranger = await product.employ({ role: 'supervisor', appIds: [other.id] });
    expect((await events('limit=10', stranger)).items).toEqual([]);
    const event = await asked();
    expect((await stranger.call('GET', `/v1/admin/events/${event?.id}`)).status).toBe(404);
    expect((await stranger.call('GET', '/v1/admin/events?appId=1')).status).toBe(403);
    const own = await product.employ({ role: 'supervisor' });
    expect((await events('type=MessageReadyEvent', own)).items).not.toEqual([]);
  });

  it('are listed once each after a position, also those that are committed late', async () => {
    const { position } = await events('limit=1');
    // An event gets its id when it is raised, and is visible once its transaction has committed.
    const unitOfWork = createUnitOfWork(
      product.database,
      async () => {},
      () => {},
    );
    const raise = (tx: Tx, key: string) =>
      tx.raise('NewCustomerProfileCreated', { customer: { ...customerOf(key, 1), appId: 1 } });
    const late = `late ${randomUUID()}`;
    const early = `early ${randomUUID()}`;
    let then: string | null = null;
    await unitOfWork.run(async (tx) => {
      raise(tx, late);
      await unitOfWork.run(async (other) => raise(other, early));
      const page = await events(`after=${position}`);
      expect(keysOf(page)).toContain(early);
      expect(keysOf(page)).not.toContain(late);
      then = page.position;
    });
    const page = await events(`after=${then}`);
    expect(keysOf(page)).toContain(late);
    expect(keysOf(page)).not.toContain(early);
  });
});

describe('the story of an event', () => {
  it('has every event of its chain with listeners and broadcasts', async () => {
    const event = await asked();
    const story = async (): Promise<EventStory> =>
      (await admin.call('GET', `/v1/admin/events/${event?.id}`)).body;
    const toldAt = async () =>
      (await story()).chain.flatMap(({ broadcasts }) => broadcasts).filter(({ at }) => at !== null).length;
    await expect.poll(toldAt).toBeGreaterThan(2);
    const { chain, replays } = await story();
    const reply = chain.find(({ type }) => type === 'MessageReplyReadyEvent');
    expect(reply?.causationId).toBe(event?.id);
    expect(reply?.listeners).not.toEqual([]);
    for (const { summary } of reply?.listeners ?? []) expect(summary).not.toBe('');
    expect(reply?.broadcasts).toContainEqual(
      expect.objectContaining({
        topic: `session${visitor.sessionId}`,
        event: 'message_reply',
        status: 'sent',
      }),
    );
    expect(reply?.deliveries).toEqual([]); // Replies on the web have no deliveries.
    expect(replays).toEqual([]);
  });

  it('has every replay', async () => {
    const event = await asked();
    const started = await admin.call('POST', '/v1/admin/replays', {
      listeners: [sickListener],
      filter: { eventId: event?.id },
      expected: 1,
    });
    expect(started.status).toBe(202);
    const replays = async () => (await admin.call('GET', `/v1/admin/events/${event?.id}`)).body.replays;
    await expect.poll(replays).toEqual([
      expect.objectContaining({
        replayId: started.body.id,
        listener: sickListener,
        status: 'done',
        actor: expect.stringContaining('admin'),
        durationMs: expect.any(Number),
      }),
    ]);
  });
});
