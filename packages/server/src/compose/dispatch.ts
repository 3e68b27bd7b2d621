import { topics } from '@mevrik/protocol';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Gateway } from '../broadcast/gateway.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import type { Database } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { Dispatcher, lockConnection } from '../dispatch/dispatcher.ts';
import type { Hints } from '../dispatch/redis-hints.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { createSyncHandler } from '../dispatch/sync-handler.ts';
import { listen } from '../listeners/index.ts';
import type { ListenerDeps } from '../listeners/listener-deps.ts';
import { type Notify, notice } from '../live/notice.ts';
import { createUnitOfWork, type UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { bothOf, type StatisticsCounter } from '../observe/statistics-counter.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of `startDispatch`. */
export interface DispatchDeps {
  readonly config: Config;
  readonly log: Log;
  readonly nodeId: string;
  readonly target: DatabaseTarget;
  readonly watch: ConnectionWatch;
  readonly apps: AppDirectory;
  readonly authenticator: Pick<Authenticator, 'forget'>;
  readonly channels: ChannelRegistry;
  readonly gateway: Gateway;
  readonly queueChanged: (appId: number, queue: string) => void;
  readonly notify: Notify;
  readonly open: (name: string, maxConnections: number) => Database;
  readonly teardown: Teardown;
  readonly metrics: Metrics;
  readonly counter: StatisticsCounter;
  /** Connects the hints between processes: which partitions have new events. */
  readonly connectHints: (onHint: (partitions: readonly number[]) => void) => Hints;
}

/** The dispatcher, and the units of work whose events it dispatches. */
interface Dispatch {
  readonly dispatcher: Dispatcher;
  /** That of requests. */
  readonly unitOfWork: UnitOfWork;
  /** Creates one on another pool. */
  readonly workOn: (database: Database) => UnitOfWork;
}

/** Starts the unit of work and the dispatcher, which dispatches what the unit of work commits. */
export async function startDispatch(deps: DispatchDeps): Promise<Dispatch> {
  const { config, log, nodeId, target, watch, apps, gateway, notify, open, teardown, metrics } = deps;
  const listenerDeps: ListenerDeps = {
    apps,
    channels: deps.channels,
    log,
    countWebhookEvent: metrics.webhookEvent,
    queueChanged: deps.queueChanged,
    notify,
  };
  const sync = createSyncHandler(listen, listenerDeps, config.NODE_ENV);
  const dispatcher = new Dispatcher({
    options: {
      database: open('dispatch', dispatchConnections),
      nodeId,
      deps: listenerDeps,
      environment: config.NODE_ENV,
      sync,
      maxConcurrentEvents: config.MAX_CONCURRENT_EVENTS,
      retries: config.EVENT_RETRY_ATTEMPTS,
      timeoutMs: config.EVENT_TIMEOUT * 1000,
      parkedLimit: config.EVENT_PARKED_LIMIT,
      ...dispatchTimes,
      log,
      observe: bothOf(metrics.dispatch, deps.counter.dispatch),
    },
    subscriptions: subscriptionsOf(listen),
    openLockConnection: (onClose) => lockConnection(target, nodeId, { watch, onClose }),
    publish: config.EVENT_BROADCAST_ENABLED ? (messages) => gateway.publish(messages) : null,
    onNewEpoch() {
      deps.authenticator.forget();
      gateway.reconnectAll();
    },
    catchUp: gateway.catchUp,
    reached: gateway.reached,
    onLogMoved: (appIds) => notify(appIds.map((appId) => notice('log_moved', appId, topics.log, { appId }))),
    connectHints(onHint) {
      const hints = deps.connectHints(onHint);
      teardown.add('the hints', () => hints.stop());
      return hints;
    },
    inline: !config.EVENT_QUEUE_ENABLED,
  });
  await dispatcher.start();
  teardown.add('the dispatcher', () => dispatcher.stop());
  const workOn = (database: Database) =>
    createUnitOfWork(database, sync, (events) => dispatcher.appended(events));
  return { dispatcher, unitOfWork: workOn(open('work', config.DATABASE_POOL)), workOn };
}

/** Database connections of the dispatcher: one batch each for as many partitions as four cores keep busy. */
const dispatchConnections = 12;

/** See the decisions on slow events and on ownership for the reasons. */
const dispatchTimes = {
  stallMs: 2_000,
  retryDelayMs: 1_000,
  pollMs: 1_000,
  heartbeatMs: 1_000,
  deadAfterMs: 5_000,
} as const;
