import { type ObservedPeriod, topics } from '@mevrik/protocol';
import type { Gateway } from '../broadcast/gateway.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { broadcastSubscription } from '../dispatch/broadcast-lane.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { type JudgedPart, judgeHealth } from '../domain/health.ts';
import type { JobRunner } from '../jobs/runner.ts';
import type { HealthCheck } from '../observe/health.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { recordHealthChanges, recordHealthCheck } from '../observe/record-health.ts';
import type { StatisticsCounter } from '../observe/statistics-counter.ts';
import { storeStatistics } from '../observe/store-statistics.ts';
import { startWatch } from '../observe/watch.ts';
import { countDown, countWaiting } from '../queries/deliveries.ts';
import { enabledApps } from '../queries/desk.ts';
import { listObserved, measureHealth } from '../queries/health.ts';
import { recentBroadcastP95 } from '../queries/statistics.ts';
import type { Teardown } from './teardown.ts';

/** What is watched, and whom it is told to. */
export interface HealthWatchDeps {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly dispatcher: Dispatcher;
  readonly jobRunner: JobRunner;
  readonly gateway: Gateway;
  readonly counter: StatisticsCounter;
  readonly metrics: Metrics;
  readonly teardown: Teardown;
}

/** What others ask of it. */
export interface Watching {
  /** How the four parts are, measured now. */
  readonly look: () => Promise<readonly JudgedPart[]>;
  /** When since an instant somebody has looked. */
  readonly observed: (from: string) => Promise<readonly ObservedPeriod[]>;
  /** What decides about whether this process should get traffic. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** Whoever has this partition looks at the whole. */
const watchersPartition = 0;

/** Stores what was counted, looks at the health of all parts, and tells the screens what has changed. */
export function watchHealth(parts: HealthWatchDeps): Watching {
  const { config, log, database, dispatcher, jobRunner, gateway, counter, metrics, teardown } = parts;
  offerFigures(metrics, parts);

  async function look(): Promise<readonly JudgedPart[]> {
    const [measured, late] = await Promise.all([
      measureHealth(database, broadcastSubscription),
      recentBroadcastP95(database).catch(() => null),
    ]);
    const own = { 'channels.broadcast-p95': late, 'jobs.stopped': jobRunner.isRunning() ? 0 : 1 };
    return judgeHealth({ ...measured, ...own }, config.HEALTH_THRESHOLDS ?? {});
  }

  const watch = startWatch({
    everyMs: config.HEALTH_INTERVAL * 1000,
    store: () => storeStatistics(database, counter.take()),
    isTurn: () => dispatcher.partitions().includes(watchersPartition),
    look: async () => {
      const judged = await look();
      await recordHealthCheck(database, config.HEALTH_INTERVAL);
      return recordHealthChanges(
        database,
        judged.map(({ part, status, reason }) => ({ part, status, reason })),
      );
    },
    async tell({ changes, hasFigures }) {
      for (const change of changes) {
        const level = change.status === 'ok' ? 'info' : 'warn';
        log[level]({ ...change }, `health: ${change.part} is ${change.status}`);
      }
      // Why it is so is for supervisors: they ask for it.
      const news = [
        ...changes.map(({ part, status }) => ({ event: 'health_changed', payload: { part, status } })),
        ...(hasFigures ? [{ event: 'statistics_stored', payload: { at: new Date().toISOString() } }] : []),
      ];
      const apps = await enabledApps(database, null);
      await gateway.publish(
        apps.flatMap((appId) => news.map((one) => ({ appId, topic: topics.queues, ...one }))),
      );
    },
    onFault: (error) => log.warn({ reason: String(error) }, 'the health could not be looked at'),
  });
  teardown.add('the watch', () => watch.stop());
  return {
    look,
    observed: (from) => listObserved(database, from, config.HEALTH_INTERVAL),
    checks: {
      database: async () => {
        await database.sql`SELECT 1`;
        return { ok: true, detail: 'answers' };
      },
      events: () => ({ ok: dispatcher.lag() <= config.EVENT_LAG_LIMIT, detail: `${dispatcher.lag()} wait` }),
      jobs: () => ({ ok: jobRunner.isRunning(), detail: jobRunner.isRunning() ? 'run' : 'have stopped' }),
    },
  };
}

function offerFigures(metrics: Metrics, { dispatcher, database, gateway }: HealthWatchDeps): void {
  const lag = 'Events that the slowest listener has before it.';
  metrics.watch('mevrik_events_lag', lag, () => dispatcher.lag(), 'max');
  metrics.watch('mevrik_events_in_flight', 'Events being handled.', () => dispatcher.inFlight());
  metrics.watch('mevrik_partitions', 'Partitions of this process.', () => dispatcher.partitions().length);
  const down = 'Channels that nothing gets through.';
  metrics.watch('mevrik_channels_down', down, () => countDown(database), 'max');
  const waiting = 'Messages that wait to be sent.';
  metrics.watch('mevrik_deliveries_waiting', waiting, () => countWaiting(database), 'max');
  metrics.watchGateway(gateway.inspection);
}
