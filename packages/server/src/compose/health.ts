import { type ObservedPeriod, topics } from '@mevrik/protocol';
import type { Bus } from '../broadcast/bus/bus.ts';
import type { Gateway } from '../broadcast/gateway.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { broadcastSubscription } from '../dispatch/broadcast-lane.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { OwnershipState } from '../dispatch/ownership.ts';
import { type JudgedPart, judgeHealth } from '../domain/health.ts';
import type { JobRunner } from '../jobs/runner.ts';
import { type Notify, notice } from '../live/notice.ts';
import type { DiskSpace } from '../observe/disk-space.ts';
import type { CheckResult, HealthCheck } from '../observe/health.ts';
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

/** The dependencies of `watchHealth`. */
export interface HealthWatchDeps {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly dispatcher: Dispatcher;
  readonly disk: DiskSpace;
  readonly jobRunner: Pick<JobRunner, 'isRunning'>;
  readonly gateway: Gateway;
  readonly bus: Pick<Bus, 'isConnected'>;
  readonly notify: Notify;
  readonly counter: StatisticsCounter;
  readonly metrics: Metrics;
  readonly teardown: Teardown;
}

/** What the health watch offers to other parts. */
export interface HealthWatch {
  /** Measures the health of the four parts now. */
  readonly check: () => Promise<readonly JudgedPart[]>;
  /** The periods since an instant in which health was checked. */
  readonly observed: (from: string) => Promise<readonly ObservedPeriod[]>;
  /** The checks that decide whether this process should receive traffic. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** The node that owns this partition checks the health of the whole system. */
const healthPartition = 0;

/** Stores statistics, checks the health of all parts, and notifies the screens of changes. */
export function watchHealth(deps: HealthWatchDeps): HealthWatch {
  const { config, log, database, dispatcher, jobRunner, bus, notify, counter, metrics, teardown } = deps;
  registerGauges(metrics, deps);

  async function check(): Promise<readonly JudgedPart[]> {
    const [measured, late] = await Promise.all([
      measureHealth(database, broadcastSubscription, (error) =>
        log.warn({ err: error }, 'failed to measure health'),
      ),
      recentBroadcastP95(database).catch((error: unknown) => {
        log.warn({ err: error }, 'failed to measure broadcasts');
        return null;
      }),
    ]);
    const own = {
      'channels.broadcast-p95': late,
      'channels.redis-lost': bus.isConnected() ? 0 : 1,
      'jobs.stopped': jobRunner.isRunning() ? 0 : 1,
    };
    return judgeHealth({ ...measured, ...own }, config.HEALTH_THRESHOLDS ?? {});
  }

  const watch = startWatch({
    everyMs: config.HEALTH_INTERVAL * 1000,
    store: () => counter.storeWith((statistics) => storeStatistics(database, statistics)),
    isTurn: () => dispatcher.partitions().includes(healthPartition),
    check: async () => {
      const judged = await check();
      await recordHealthCheck(database, config.HEALTH_INTERVAL);
      return recordHealthChanges(
        database,
        judged.map(({ part, status, reason }) => ({ part, status, reason })),
      );
    },
    async onUpdate({ changes, hasStatistics }) {
      for (const change of changes) {
        const level = change.status === 'ok' ? 'info' : 'warn';
        log[level]({ ...change }, `health: ${change.part} is ${change.status}`);
      }
      // The notice omits the reason, which only supervisors may read from the API.
      for (const appId of await enabledApps(database, null)) {
        notify(
          changes.map(({ part, status }) => notice('health_changed', appId, topics.queues, { part, status })),
        );
        if (hasStatistics) {
          notify([notice('statistics_stored', appId, topics.queues, { at: new Date().toISOString() })]);
        }
      }
    },
    onError: (error) => log.warn({ err: error }, 'a health check failed'),
  });
  teardown.add('the health watch', () => watch.stop());
  return {
    check,
    observed: (from) => listObserved(database, from, config.HEALTH_INTERVAL),
    checks: checksOf(deps),
  };
}

/** The checks of this process. */
function checksOf({
  config,
  database,
  dispatcher,
  disk,
  bus,
  jobRunner,
}: HealthWatchDeps): HealthWatch['checks'] {
  return {
    database: async () => {
      await database.sql`SELECT 1`;
      return { ok: true, detail: 'reachable' };
    },
    partitions: () => judgePartitions(dispatcher.ownership()),
    events: () => ({
      ok: dispatcher.lag() <= config.EVENT_LAG_LIMIT,
      detail: `events waiting: ${dispatcher.lag()}`,
    }),
    disk: disk.check,
    ...(config.REDIS_URL === null ? {} : { redis: () => judgeRedis(bus) }),
    jobs: () => ({ ok: jobRunner.isRunning(), detail: jobRunner.isRunning() ? 'running' : 'stopped' }),
  };
}

/** A node that should hold partitions and gets none handles no events. */
function judgePartitions({ isAlive, held, isStarved }: OwnershipState): CheckResult {
  if (!isAlive) return { ok: false, detail: 'no heartbeat: other nodes handle its events, if there are any' };
  return { ok: !isStarved, detail: `${held} held` };
}

/** Without Redis a node goes on serving its own clients. */
function judgeRedis(bus: Pick<Bus, 'isConnected'>): CheckResult {
  if (bus.isConnected()) return { ok: true, detail: 'connected' };
  return {
    ok: false,
    decides: false,
    detail: 'not connected: broadcasts reach the clients of this node only',
  };
}

function registerGauges(metrics: Metrics, { dispatcher, database, gateway }: HealthWatchDeps): void {
  const lag = 'Unhandled events of the slowest listener.';
  metrics.watch('mevrik_events_lag', lag, () => dispatcher.lag(), 'max');
  metrics.watch('mevrik_events_in_flight', 'Events currently being handled.', () => dispatcher.inFlight());
  metrics.watch(
    'mevrik_partitions',
    'Partitions that this process owns.',
    () => dispatcher.partitions().length,
  );
  const down = 'Channels that are down.';
  metrics.watch('mevrik_channels_down', down, () => countDown(database), 'max');
  const waiting = 'Messages waiting to be sent to providers.';
  metrics.watch('mevrik_deliveries_waiting', waiting, () => countWaiting(database), 'max');
  metrics.watchGateway(gateway.inspection);
}
