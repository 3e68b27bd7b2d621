import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Sql } from '../../packages/server/src/db/sql.ts';
import { startTestProduct, type TestProduct, testPassword } from '../support/product.ts';
import { ChaosAgent } from './agent.ts';
import { play } from './run.ts';
import { describeSchedule, type FailureKind, failureKinds, scheduleOf } from './schedule.ts';
import { ChaosContact, startTelegram } from './telegram.ts';
import { countUnfinished, findViolations } from './verify.ts';
import { ChaosVisitor } from './visitor.ts';

/** All but those that every test of this run would suffer from. */
const kinds = (Object.keys(failureKinds) as FailureKind[]).filter((kind) => !kind.endsWith('PostgreSQL'));

describe('a run of the chaos harness', () => {
  it.each([10_500])('keeps every promise (seed %i)', async (seed) => {
    const postgres = { connection: inject('postgres'), template: 'mevrik_template', pid: 0 };
    const logs = await mkdtemp(join(tmpdir(), 'mevrik-chaos-'));
    const schedule = scheduleOf(seed, { kinds });
    const { violations, messages } = await play(schedule, postgres, logs);
    expect({ schedule: describeSchedule(schedule), violations, logs }).toMatchObject({ violations: [] });
    expect(messages).toBeGreaterThan(0);
    // A node that has reported nothing was not under test.
    expect(await readFile(join(logs, 'node-1.log'), 'utf8')).toContain('running at');
    await rm(logs, { recursive: true });
  });

  it('has the same schedule for the same seed, and every kind of failure among few seeds', () => {
    const schedules = Array.from({ length: 100 }, (_, seed) => scheduleOf(seed + 1));
    expect(schedules).toEqual(Array.from({ length: 100 }, (_, seed) => scheduleOf(seed + 1)));
    const happened = new Set(schedules.flatMap(({ failures }) => failures.map(({ kind }) => kind)));
    expect([...happened].sort()).toEqual(Object.keys(failureKinds).sort());
  });
});

describe('the harness notices', () => {
  let product: TestProduct;
  let sql: Sql;
  beforeAll(async () => {
    product = await startTestProduct();
    sql = product.database.sql;
  });
  afterAll(() => product.stop());

  /** A visitor with two answered messages. */
  async function answered() {
    const visitor = await ChaosVisitor.begin({
      url: product.url,
      appKey: product.app.key,
      name: 'visitor',
    });
    const first = await visitor.write(AbortSignal.timeout(60_000));
    // Each reply follows its message, so that it is known whose it is.
    await expect.poll(() => first && visitor.hasReply(first)).toBe(true);
    const second = await visitor.write(AbortSignal.timeout(60_000));
    await expect.poll(() => second && visitor.hasReply(second)).toBe(true);
    await expect.poll(() => visitor.shown().length).toBeGreaterThanOrEqual(4);
    await expect.poll(() => countUnfinished(sql)).toBe(0);
    expect(await findViolations(sql, { visitors: [visitor], agents: [], contacts: [] })).toEqual([]);
    return { visitor, first: first?.id ?? 0, second: second?.id ?? 0 };
  }

  it('an agent’s answer that is lost, or stored twice', async () => {
    const { id } = await product.employ();
    const [row] = await sql<{ email: string }[]>`SELECT email FROM agents WHERE id = ${id}`;
    const visitor = await ChaosVisitor.begin({ url: product.url, appKey: product.app.key, name: 'served' });
    const desk = {
      url: product.url,
      appKey: product.app.key,
      email: row?.email ?? '',
      password: testPassword,
    };
    const agent = await ChaosAgent.accept(desk, visitor);
    const ended = new AbortController();
    const working = agent.work(ended.signal);
    const asked = await visitor.write(AbortSignal.timeout(60_000));
    await expect.poll(() => asked && visitor.hasReply(asked)).toBe(true);
    await expect.poll(() => agent.unanswered()).toEqual([]);
    ended.abort();
    await working;
    const people = { visitors: [visitor], agents: [agent], contacts: [] };
    const answer = agent.accepted[0]?.id ?? 0;
    await copy(answer);
    expect(await findViolations(sql, people)).toContainEqual(expect.stringContaining('is stored 2 times'));
    await sql`DELETE FROM messages WHERE id >= ${answer} AND sender_type = 'agent'`;
    const violations = await findViolations(sql, people);
    expect(violations).toContainEqual(expect.stringContaining('is stored 0 times'));
    expect(violations).toContainEqual(expect.stringContaining('1 questions have 0 replies'));
    for (const person of [agent, visitor]) person.leave();
  });

  it('a reply on Telegram that arrives twice without a recorded doubt, or is lost', async () => {
    const { token } = await product.employ({ role: 'admin' });
    const telegram = await startTelegram({ url: product.url, token });
    const contact = new ChaosContact(product.url, telegram, 1);
    const people = { visitors: [], agents: [], contacts: [contact] };
    const first = (await contact.write(AbortSignal.timeout(60_000))) ?? '';
    const second = (await contact.write(AbortSignal.timeout(60_000))) ?? '';
    await expect.poll(() => contact.hasReply(second)).toBe(true);
    await expect.poll(() => countUnfinished(sql)).toBe(0);
    expect(await findViolations(sql, people)).toEqual([]);
    await telegram.send(contact.id, contact.replyTo(first));
    expect(await findViolations(sql, people)).toEqual([
      expect.stringContaining('is sent and was received 2 times, with 0 attempts in doubt'),
    ]);
    await sql`
      DELETE FROM deliveries USING messages
      WHERE messages.id = message_id AND content->>'text' = ${contact.replyTo(second)}`;
    expect(await findViolations(sql, people)).toContainEqual(expect.stringContaining('is missing'));
    await sql`DELETE FROM messages WHERE content->>'text' = ${contact.replyTo(second)}`;
    const violations = await findViolations(sql, people);
    expect(violations).toContainEqual(expect.stringContaining('2 questions have 1 replies'));
    await telegram.stop();
  });

  it.each([
    [
      'a lost message',
      'is stored 0 times',
      ({ first }: Ids) => sql`DELETE FROM messages WHERE id = ${first}`,
    ],
    ['a message that is stored twice', 'is stored 2 times', ({ first }: Ids) => copy(first)],
    [
      'a reply that is given twice',
      '2 questions have 3 replies',
      ({ first }: Ids) =>
        sql`SELECT min(id)::int AS id FROM messages WHERE id > ${first} AND sender_type = 'bot'`.then(
          ([reply]) => copy(reply?.id),
        ),
    ],
    [
      'a lost reply',
      '2 questions have 1 replies',
      ({ second }: Ids) => sql`DELETE FROM messages WHERE id > ${second} AND sender_type = 'bot'`,
    ],
    [
      'a message that a client has not received',
      'the screen has not shown 1 messages',
      ({ visitor }: Ids) => {
        // Whether it came live or with the history depends on which was faster.
        const lost = visitor.shown().at(-1)?.id;
        visitor.screen.live = visitor.screen.live.filter(({ id }) => id !== lost);
        visitor.screen.loaded = visitor.screen.loaded.filter(({ id }) => id !== lost);
      },
    ],
    // The last one: the gap stays.
    [
      'a gap in the log',
      /Partition \d+ has \d+ events up to \d+/,
      ({ visitor }: Ids) =>
        sql`DELETE FROM events WHERE session_id = ${visitor.sessionId} AND type = 'MessageReadyEvent'`,
    ],
  ])('%s', async (_what, expected, happen) => {
    const ids = await answered();
    await happen(ids);
    const violations = await findViolations(sql, { visitors: [ids.visitor], agents: [], contacts: [] });
    expect(violations).toContainEqual(expect.stringMatching(expected));
    ids.visitor.leave();
  });

  type Ids = Awaited<ReturnType<typeof answered>>;

  async function copy(id: number): Promise<void> {
    await sql`
      INSERT INTO messages (app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type,
                            sender_type, content, delivery_status)
      SELECT app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type, sender_type,
             content, delivery_status FROM messages WHERE id = ${id}`;
  }
});
