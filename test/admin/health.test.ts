import { createClient } from '@mevrik/client';
import type { ChartData, HealthReport, PartHealth } from '@mevrik/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordHealthChanges } from '../../packages/server/src/observe/record-health.ts';
import { createStatisticsCounter } from '../../packages/server/src/observe/statistics-counter.ts';
import { type Statistic, storeStatistics } from '../../packages/server/src/observe/store-statistics.ts';
import { readCharts } from '../../packages/server/src/queries/statistics.ts';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startSecondNode, startTestProduct, type TestProduct } from '../support/product.ts';
import { sicken } from '../support/sick-listener.ts';

let product: TestProduct;
let supervisor: Employed;
beforeAll(async () => {
  // Test databases run on a busy machine: their response time is not under test.
  const HEALTH_THRESHOLDS =
    'database.answer=-/- database.connections=-/- channels.broadcast-p95=-/- events.age=-/-';
  product = await startTestProduct({ HEALTH_INTERVAL: '1', EVENT_RETRY_ATTEMPTS: '0', HEALTH_THRESHOLDS });
  supervisor = await product.employ({ role: 'supervisor' });
});
afterAll(() => product.stop());

const report = async (query = ''): Promise<HealthReport> =>
  (await supervisor.call('GET', `/v1/admin/health${query}`)).body;
const partOf = (name: PartHealth['part'], { parts }: HealthReport) => parts.find(({ part }) => part === name);
const isOf = (name: PartHealth['part'], status: string) => (given: HealthReport) =>
  partOf(name, given)?.status === status;
const noted = (status: string) => (given: HealthReport) =>
  given.changes.some((change) => change.part === 'events' && change.status === status);

describe('the health of the four components', () => {
  it('has the measurements of each, with thresholds', async () => {
    const { parts, status } = await eventually(report, (given) => given.status === 'ok');
    expect(status).toBe('ok');
    expect(parts.map(({ part }) => part)).toEqual(['events', 'channels', 'jobs', 'database']);
    for (const { measures } of parts) {
      expect(measures.length).toBeGreaterThan(1);
      for (const { value, degradedFrom, downFrom } of measures) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(Math.max(degradedFrom, downFrom)).toBeGreaterThan(0);
      }
    }
    const answer = parts[3]?.measures.find(({ name }) => name === 'database.answer');
    expect(answer).toMatchObject({ unit: 'ms', degradedFrom: Number.MAX_SAFE_INTEGER });
  });

  it('covers only the periods in which a node was checking', async () => {
    const { sql } = product.database;
    const { observed, from, checkedAt } = await eventually(report, (given) => given.observed.length > 0);
    expect(observed).toHaveLength(1);
    expect(Date.parse(observed[0]?.from ?? '') - Date.parse(from)).toBeGreaterThan(6 * 86_400_000);
    expect(Math.abs(Date.parse(observed[0]?.until ?? '') - Date.parse(checkedAt))).toBeLessThan(60_000);

    // As after an hour without checks: the next check starts a new period.
    await sql`UPDATE observed_periods SET began_at = now() - interval '3 hours', looked_at = now() - interval '1 hour'`;
    const later = await eventually(report, (given) => given.observed.length === 2);
    const lasting = later.observed.map((one) => Date.parse(one.until) - Date.parse(one.from));
    expect(lasting[0]).toBe(2 * 3_600_000);
    expect(lasting[1]).toBeLessThan(60_000);
    // A window that starts in the middle of a period includes the rest of the period.
    await sql`UPDATE observed_periods SET began_at = now() - interval '30 days' WHERE id = 1`;
    const day = await report('?window=24h');
    expect(day.observed[0]?.from).toBe(day.from);
  });

  it('changes with events, is notified live, and is stored', async () => {
    const { sql } = product.database;
    const client = createClient({ url: product.url, appKey: product.app.key, token: supervisor.token });
    const received: unknown[] = [];
    const queues = client.subscribe('queues');
    queues.on('health_changed', (notice) => void received.push(notice));
    await queues.ready();

    await sql`INSERT INTO paused_apps (subscription, app_id, reason) VALUES ('LogMessageEvent', 1, 'By hand')`;
    const ill = await eventually(
      report,
      (given) => isOf('events', 'degraded')(given) && noted('degraded')(given),
    );
    expect(partOf('events', ill)).toMatchObject({
      reason: 'One listener is paused for at least one app, whose events wait.',
      advice: expect.stringContaining('resume'),
      since: ill.changes.at(-1)?.at,
    });
    await expect.poll(() => received).toContainEqual({ part: 'events', status: 'degraded' });

    const admin = await product.employ({ role: 'admin' });
    await admin.call('POST', '/v1/admin/subscriptions/LogMessageEvent/resume');
    await eventually(report, (given) => isOf('events', 'ok')(given) && noted('ok')(given));
    await expect.poll(() => received).toContainEqual({ part: 'events', status: 'ok' });
    client.disconnect();
    expect((await report('?window=30d')).changes).toHaveLength(2);
    expect((await product.call('GET', '/readyz')).status).toBe(200);
  });

  it('is stored once, even if several nodes check', async () => {
    const ill = [{ part: 'jobs', status: 'degraded', reason: 'late' }] as const;
    const changes = await Promise.all([1, 2, 3, 4].map(() => recordHealthChanges(product.database, ill)));
    // The product's own watch may have checked in between; each reports the same change at most once.
    expect(changes.flat().length).toBeGreaterThanOrEqual(1);
    const rows = await product.database.sql<{ status: string }[]>`
      SELECT status FROM health_changes WHERE part = 'jobs' ORDER BY id`;
    for (const [at, { status }] of rows.entries()) expect(rows[at + 1]?.status).not.toBe(status);
  });

  it('is for supervisors and administrators, in valid windows', async () => {
    const agent = await product.employ();
    for (const path of ['health', 'charts']) {
      expect((await agent.call('GET', `/v1/admin/${path}`)).status).toBe(403);
      expect((await supervisor.call('GET', `/v1/admin/${path}?window=9y`)).status).toBe(422);
    }
  });
});

describe('charts', () => {
  const charts = async (window: string): Promise<ChartData> =>
    (await supervisor.call('GET', `/v1/admin/charts?window=${window}`)).body;
  const sum = ({ points }: ChartData, name: string) =>
    points.reduce((total, { events }) => total + (events[name] ?? 0), 0);

  it('have every step of their window with its statistics', async () => {
    const { heal } = await sicken(product);
    const visitor = await product.visit();
    await visitor.write('opening hours');
    await visitor.write('poison');
    for (const [window, steps, seconds] of [
      ['1h', 60, 60],
      ['24h', 96, 900],
      ['7d', 84, 7_200],
    ] as const) {
      const chart = await eventually(
        () => charts(window),
        (given) =>
          sum(given, 'MessageReadyEvent') >= 2 &&
          sum(given, 'MessageReplyReadyEvent') >= 1 &&
          given.points.some(({ dead }) => dead > 0) &&
          given.points.some(({ ageP95Ms }) => ageP95Ms !== null),
      );
      expect([chart.points.length, chart.stepSeconds]).toEqual([steps, seconds]);
      const times = chart.points.map(({ at }) => Date.parse(at));
      for (const [index, at] of times.entries()) {
        if (index > 0) expect(at - (times[index - 1] ?? 0)).toBe(seconds * 1000);
      }
      const busy = chart.points.find(({ broadcastP50Ms }) => broadcastP50Ms !== null);
      expect(busy?.broadcastP95Ms).toBeGreaterThanOrEqual(busy?.broadcastP50Ms ?? 0);
      expect(chart.eventNames).toContain('MessageReadyEvent');
    }
    await heal();
  });

  it('have waiting times and satisfaction', async () => {
    const kim = await product.employ({ name: 'Kim' });
    const visitor = await product.visit();
    await visitor.write('I would like to talk to a person');
    const { items } = await eventually(
      async () => (await kim.call('GET', '/v1/queue-items?status=waiting')).body,
      (given) => given.items.length > 0,
    );
    const item = items.find((one: { sessionId: number }) => one.sessionId === visitor.sessionId);
    const accepted = await kim.call('POST', `/v1/queue-items/${item.id}/accept`);
    // A conversation without a reply gets no survey.
    await kim.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'Done' });
    const closed = await kim.call('POST', `/v1/cases/${item.caseId}/close`, { disposition: 'resolved' });
    expect([accepted.status, closed.status]).toEqual([200, 200]);
    await eventually(visitor.history, (said) => said.some(({ text }) => text?.includes('How did we do')));
    await visitor.call('POST', '/v1/csat-answers', { score: 4 });
    const chart = await eventually(
      () => charts('1h'),
      ({ points }) => points.some(({ csatAnswers }) => csatAnswers > 0),
    );
    expect(chart.points.find(({ csatAnswers }) => csatAnswers > 0)?.csatMean).toBe(4);
    expect(chart.points.find(({ accepted }) => accepted > 0)?.waitP50Seconds).toBeGreaterThanOrEqual(0);
  });

  it('add up the counts of several processes', async () => {
    const other = await startSecondNode(product);
    await other.stop();
    const counters = [1, 2, 3].map(() => createStatisticsCounter());
    // The product raises none itself: its own counts are stored at any moment.
    const type = 'MessageDeliveryFailedEvent';
    const event = { type, occurredAt: new Date().toISOString() } as never;
    for (const { dispatch } of counters) for (let time = 0; time < 50; time++) dispatch.broadcast([event]);
    const before = sum(await readCharts(product.database, '1h', null), type);
    await Promise.all(counters.map((counter) => storeStatistics(product.database, counter.take())));
    const after = await readCharts(product.database, '1h', null);
    expect(sum(after, type) - before).toBe(150);
    for (const counter of counters) expect(counter.take()).toEqual([]);
  });

  it('that cannot be stored are stored later, with those counted since, and without the oldest', async () => {
    let now = Date.parse('2026-01-31T10:00:00Z');
    const { dispatch, storeWith, take } = createStatisticsCounter(() => now);
    const broken = () => Promise.reject(new Error('The database is away.'));
    const count = () => {
      dispatch.parked('OneListener');
      dispatch.aged([{ occurredAt: new Date(now - 100).toISOString() } as never]);
    };
    for (let minute = 0; minute < 61; minute++) {
      now += 60_000;
      count();
      await expect(storeWith(broken)).rejects.toThrow('The database is away.');
    }
    count();
    let stored: readonly Statistic[] = [];
    await storeWith(async (statistics) => {
      stored = statistics;
    });
    const minutes = [...new Set(stored.map(({ at }) => at))].sort();
    expect(minutes).toHaveLength(60);
    expect(minutes[0]).toBe('2026-01-31T10:02:00.000Z');
    const lastMinute = stored.filter(({ at }) => at === minutes.at(-1));
    expect(lastMinute.map(({ name, count, sum }) => [name, count, sum]).sort()).toEqual([
      ['age', 2, 200],
      ['parked', 2, 0],
    ]);
    const age = lastMinute.find(({ name }) => name === 'age');
    expect(age?.buckets.reduce((total, one) => total + one, 0)).toBe(2);
    expect(take()).toEqual([]);
  });

  it('keep counts that could not be stored for an hour at most', () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const counter = createStatisticsCounter(() => now);
    for (let minute = 0; minute < 200; minute++, now += 60_000) counter.dispatch.failed('SomeListener');
    expect(counter.take()).toHaveLength(60);
  });
});
