import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStatisticsCounter } from '../../packages/server/src/observe/statistics-counter.ts';
import { storeStatistics } from '../../packages/server/src/observe/store-statistics.ts';
import { accessibilityViolationsAt, startBrowser, type TestBrowser } from '../support/browser.ts';
import { logInAs } from '../support/panel.ts';
import { storePastDay, storePastIllness, storeTakenCases } from '../support/past-day.ts';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let browser: TestBrowser;
beforeAll(async () => {
  // Test databases run on a busy machine: their response time is not under test.
  const HEALTH_THRESHOLDS = [
    'database.answer',
    'database.connections',
    'database.transaction',
    'jobs.age',
    'channels.broadcast-p95',
    'channels.broadcast-age',
    'events.age',
  ]
    .map((name) => `${name}=-/-`)
    .join(' ');
  [product, browser] = await Promise.all([
    startTestProduct({ HEALTH_INTERVAL: '1', HEALTH_THRESHOLDS }),
    startBrowser(),
  ]);
});
afterAll(() => Promise.all([product?.stop(), browser?.close()]));

/** The accessibility violations of a page, in light and dark, on a small and on a large screen. */
const faultsEverywhere = (page: Page) => accessibilityViolationsAt(page, 1280, 1920);

/** Marks a page, so that a reload can be detected. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(globalThis, { isMarked: true }));
  return () => page.evaluate(() => 'isMarked' in globalThis);
}

const pauseListener = () => product.database.sql`
  INSERT INTO paused_apps (subscription, app_id, reason) VALUES ('LogMessageEvent', 1, 'By hand')`;
const resumeListener = () => product.database.sql`DELETE FROM paused_apps`;

describe("an administrator who checks the system's health", () => {
  it('sees on a new installation that nothing has happened yet', async () => {
    const { page, errors, keep } = await logInAs(product, browser, 'admin', '/admin');
    await page.getByText('Nothing needs your attention.').waitFor();
    await page
      .getByRole('region', { name: 'Activity' })
      .getByText('No activity in the last 24 hours')
      .waitFor();
    for (const part of ['Event processing', 'Channels', 'Job queue', 'Database']) {
      await page.getByRole('link', { name: new RegExp(`^${part} Healthy`) }).waitFor();
    }
    expect(await faultsEverywhere(page)).toEqual([]);
    await keep('overview-new');
    // A large screen is filled where content gains from it.
    await page.setViewportSize({ width: 1920, height: 1080 });
    const edges = async (name: string) => {
      const box = await page.getByRole('region', { name, exact: true }).boundingBox();
      return { left: box?.x ?? 0, right: (box?.x ?? 0) + (box?.width ?? 0) };
    };
    expect((await edges('Activity')).right).toBeGreaterThan(1_850);

    await page.getByRole('link', { name: 'Health', exact: true }).click();
    const database = page.getByRole('region', { name: 'Database' });
    // Nothing is known about the days before the installation.
    await database.getByRole('img', { name: /^Healthy for all of the \d+ min observed$/ }).waitFor();
    expect(await page.getByText('% of the time').count()).toBe(0);
    await database.getByRole('row', { name: /^Response time/ }).waitFor();
    expect(await faultsEverywhere(page)).toEqual([]);
    await keep('health-new');
    await page.setViewportSize({ width: 1920, height: 1080 });
    expect((await edges('Channels')).left).toBeGreaterThan((await edges('Event processing')).right);
    expect((await edges('Channels')).right).toBeGreaterThan(1_850);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('reads how the day went, in charts and in tables', async () => {
    await storePastDay(product);
    await storeTakenCases(product, await product.visit());
    const { page, errors, keep } = await logInAs(product, browser, 'admin', '/admin');
    await page.setViewportSize({ width: 1280, height: 1400 });
    const chart = (title: string) => page.getByRole('region', { name: title, exact: true });
    await chart('Events per second')
      .getByRole('img', { name: /^Events per second\. Customer message, maximum 0\.3/ })
      .waitFor();
    // In the bad fifteen minutes, the slowest handling took 900 ms for each of 18 events.
    await chart('Event handling time')
      .getByRole('img', { name: /Median, maximum \S+ s \(.*95th percentile, maximum 1\d\S* s \(/ })
      .waitFor();
    await chart('Failures')
      .getByRole('img', { name: /Failed attempts, maximum \d+ \(.*Dead letters, maximum \d \(/ })
      .waitFor();
    await chart('Wait for an agent')
      .getByRole('img', { name: /95th percentile, maximum 1\.5 min/ })
      .waitFor();
    await chart('Satisfaction')
      .getByRole('img', { name: /Average \(1 to 5\), maximum 5 / })
      .waitFor();
    expect(await page.locator('svg.recharts-surface').count()).toBe(6);
    expect(await faultsEverywhere(page)).toEqual([]);
    await keep('overview-day');

    await page.getByText('Tables', { exact: true }).click();
    await chart('Wait for an agent')
      .getByRole('row', { name: /1\.5 min 1\.5 min$/ })
      .first()
      .waitFor();
    expect(await chart('Satisfaction').getByRole('row').count()).toBe(11);
    expect(await faultsEverywhere(page)).toEqual([]);
    await keep('overview-tables');

    await page.getByText('Charts', { exact: true }).click();
    await page.getByText('1 hour', { exact: true }).click();
    await chart('Failures').getByText('No failures in this period.').waitFor();
    await keep('overview-hour');
    await page.getByText('7 days', { exact: true }).click();
    await chart('Failures')
      .getByRole('img', { name: /Parked, maximum/ })
      .waitFor();
    await keep('overview-week');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('sees a component fail and recover, without a reload', async () => {
    await storePastIllness(product);
    const { page, errors, keep } = await logInAs(product, browser, 'admin', '/admin');
    const isSame = await mark(page);
    await page.getByText('Nothing needs your attention.').waitFor();
    await pauseListener();
    await page.getByRole('link', { name: /^Event processing: One listener is paused/ }).waitFor();
    await page.getByRole('link', { name: /^Event processing Degraded .*Paused listeners 1/ }).click();

    const events = page.getByRole('region', { name: 'Event processing' });
    await events.getByText('What to do:').waitFor();
    await events.getByRole('row', { name: /^Paused listeners Degraded 1 1 –$/ }).waitFor();
    // Down for three hours and degraded for one, out of a week.
    await events.getByRole('img', { name: '97.6' }).waitFor();
    await events.getByText('100% of the log’s partitions have no owner.').waitFor();
    const channels = page.getByRole('region', { name: 'Channels' });
    await channels.getByRole('img', { name: 'Healthy 95.24% of the time' }).waitFor();
    expect(await faultsEverywhere(page)).toEqual([]);
    await keep('health');

    await resumeListener();
    await events.getByText('just now').waitFor();
    await events.getByText('What to do:').waitFor({ state: 'detached' });
    await page.getByText('24 hours', { exact: true }).click();
    await channels.getByRole('img', { name: 'Healthy 100% of the time' }).waitFor();
    expect(await isSame()).toBe(true);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('sees the statistics of each further minute, without a reload', async () => {
    const { page, errors } = await logInAs(product, browser, 'admin', '/admin');
    const isSame = await mark(page);
    await page.getByText('1 hour', { exact: true }).click();
    const wrong = page.getByRole('region', { name: 'Failures', exact: true });
    await wrong.getByText('No failures in this period.').waitFor();
    const { dispatch, take } = createStatisticsCounter();
    dispatch.dead('LogMessageEvent');
    await storeStatistics(product.database, take());
    // They are reported when the minute has ended.
    await wrong.getByRole('img', { name: /Dead letters, maximum 1 / }).waitFor();
    expect(await isSame()).toBe(true);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
