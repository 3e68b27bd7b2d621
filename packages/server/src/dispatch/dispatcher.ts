import type { Event } from '@mevrik/protocol';
import { type Database, openDatabase } from '../db/database.ts';
import { LogMovedThrottle } from '../live/log-moved.ts';
import { readPartitionHeads } from '../log/log.ts';
import { Tail } from '../log/tail.ts';
import { BroadcastLane } from './broadcast-lane.ts';
import type { Broadcast } from './broadcasts.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { describeError } from './faults.ts';
import { Ownership } from './ownership.ts';
import { ParkedRetries } from './parked-retries.ts';
import { countParked } from './parking.ts';
import { PartitionPump } from './partition-pump.ts';
import { pausedSubscriptions, pauseSubscription, readLag, registerSubscriptions } from './registry.ts';
import { ReplayRuns } from './replay/replay-runs.ts';
import { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';

/** The dependencies of the dispatcher, besides the options shared by its parts. */
export interface DispatcherDeps {
  readonly options: Omit<DispatchOptions, 'onAppended' | 'onMoved'>;
  readonly subscriptions: readonly Subscription[];
  readonly openLockConnection: (onClose: () => void) => Database;
  readonly publish: ((messages: readonly Broadcast[]) => Promise<void>) | null;
  /** Resolves when no node can miss messages published before the call. */
  readonly reached?: () => Promise<void>;
  /** Called with an event after its broadcasts were published. */
  readonly onPublished?: (event: Event) => void;
  /** Called when events of these apps were appended or handled; throttled. */
  readonly onLogMoved?: (appIds: readonly number[]) => void;
  /** Hints to other nodes that these partitions have new events; without it they find out by polling. */
  readonly hint: (partitions: readonly number[]) => void;
  /** True if `EVENT_QUEUE_ENABLED` is false: `appended` then resolves when all events are handled. */
  readonly inline: boolean;
}

/** Dispatches the log's events to listeners and broadcasts, for the partitions that this node owns. */
export interface Dispatcher {
  /** Registers the subscriptions, acquires a share of the partitions and starts. */
  start(): Promise<void>;
  /** Finishes current work, releases the partitions and deregisters the node. */
  stop(): Promise<void>;
  /** Call after each commit; resolves at once or, if events are not queued, when all are handled. */
  appended(events: readonly Event[]): Promise<void>;
  /** Call when another node has hinted at new events in these partitions. */
  hinted(partitions: readonly number[]): void;
  /** Reloads paused subscriptions and parked events at once, after an administrator has changed them. */
  refresh(): Promise<void>;
  /** Resolves when all events in this node's partitions, and those raised by them, are handled. */
  settled(): Promise<void>;
  /** The number of unhandled events of the slowest listener, over all nodes, as of the last poll. */
  lag(): number;
  /** The number of events currently being handled on this node. */
  inFlight(): number;
  /** The partitions that this node owns. */
  partitions(): readonly number[];
}

/** Creates a dispatcher; nothing runs before `start`. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { subscriptions } = deps;
  const tail = new Tail();
  const slots = new Slots(deps.options.maxConcurrentEvents);
  const pumps = new Map<number, PartitionPump>();
  const lanes = new Map<number, BroadcastLane>();
  const heads = new Map<number, number>();
  let paused: ReadonlySet<string> = new Set();
  let lag = 0;
  let pollTimer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const logMoved = new LogMovedThrottle(deps.onLogMoved ?? (() => {}));
  const options: DispatchOptions = {
    ...deps.options,
    onAppended: (events) => handleAppended(events),
    onMoved: (events) => logMoved.add(events),
  };
  const { database, log } = options;
  const owns = (partition: number) => ownership.owns(partition);

  const retries = new ParkedRetries({
    options,
    subscriptions,
    ownedPartitions: () => ownership.partitions,
    onCleared: (subscription, partition, key) => pumps.get(partition)?.reconcile(subscription, key),
  });

  const replays = new ReplayRuns({
    options,
    subscriptions,
    ownedPartitions: () => ownership.partitions,
    isPaused: (name) => paused.has(name),
  });

  const ownership = new Ownership({
    ...options,
    openLockConnection: () => deps.openLockConnection(() => ownership.connectionLost()),
    onAcquired: (partitions) => {
      for (const partition of partitions) acquire(partition);
      retries.poll();
    },
    onReleased: async (partitions) => {
      await Promise.all(partitions.map(release));
    },
  });

  function acquire(partition: number): void {
    const pump = new PartitionPump(partition, {
      options,
      subscriptions,
      tail,
      slots,
      owns,
      isPaused: (name) => paused.has(name),
      onParked: (subscription) => {
        retries.poll();
        retries.pollIn(options.retryDelayMs);
        void enforceParkedLimit(subscription);
      },
    });
    pumps.set(partition, pump);
    pump.wake();
    const lane = new BroadcastLane(partition, {
      options,
      tail,
      owns,
      publish: deps.publish,
      reached: deps.reached ?? (async () => {}),
      onPublished: deps.onPublished ?? (() => {}),
    });
    lanes.set(partition, lane);
    lane.wake();
  }

  async function release(partition: number): Promise<void> {
    const pump = pumps.get(partition);
    const lane = lanes.get(partition);
    pumps.delete(partition);
    lanes.delete(partition);
    await Promise.all([pump?.stop(), lane?.stop()]);
  }

  function handleAppended(events: readonly Event[]): void {
    tail.add(events);
    logMoved.add(events);
    const foreign: number[] = [];
    for (const partition of new Set(events.map((event) => event.partition))) {
      if (pumps.has(partition)) wake(partition, 'memory');
      else foreign.push(partition);
    }
    if (foreign.length > 0) deps.hint(foreign);
  }

  function wake(partition: number, where: 'memory' | 'log' = 'log'): void {
    lanes.get(partition)?.wake(where);
    pumps.get(partition)?.wake(where);
  }

  async function enforceParkedLimit(subscription: Subscription): Promise<void> {
    try {
      const count = await countParked(database.sql, subscription.name, options.parkedLimit);
      if (count < options.parkedLimit || paused.has(subscription.name)) return;
      paused = new Set([...paused, subscription.name]);
      await pauseSubscription(database, subscription.name, `${count} events are parked, which is the limit`);
      options.observe.paused(subscription.name);
      log.error(
        { listener: subscription.name, parked: count },
        'a listener was paused: too many parked events',
      );
    } catch (error) {
      log.warn({ error: describeError(error) }, 'failed to count parked events');
    }
  }

  async function poll(): Promise<void> {
    const before = paused;
    paused = await pausedSubscriptions(database);
    const resumed = [...before].some((name) => !paused.has(name));
    for (const [partition, head] of await readPartitionHeads(database.sql, ownership.partitions)) {
      if (resumed || heads.get(partition) !== head) wake(partition);
      heads.set(partition, head);
    }
    lag = await readLag(
      database,
      subscriptions.map((one) => one.name),
    );
    retries.poll();
    replays.poll();
  }

  function pollLater(): void {
    if (isStopped) return;
    pollTimer = setTimeout(() => {
      poll()
        .catch((error) => log.warn({ error: describeError(error) }, 'failed to poll the log'))
        .finally(pollLater);
    }, options.pollMs);
  }

  async function settled(): Promise<void> {
    for (;;) {
      const before = await readPartitionHeads(database.sql, ownership.partitions);
      await Promise.all([...pumps.values()].map((pump) => pump.settled()));
      await Promise.all([...lanes.values()].map((lane) => lane.settled()));
      const after = await readPartitionHeads(database.sql, ownership.partitions);
      if ([...after].every(([partition, head]) => before.get(partition) === head)) return;
    }
  }

  return {
    async start() {
      await registerSubscriptions(database, subscriptions);
      paused = await pausedSubscriptions(database);
      await ownership.start();
      pollLater();
    },
    async stop() {
      isStopped = true;
      clearTimeout(pollTimer);
      await Promise.all([retries.stop(), replays.stop()]);
      await ownership.stop();
      logMoved.stop();
    },
    async appended(events) {
      handleAppended(events);
      if (deps.inline) await settled();
    },
    hinted(partitions) {
      for (const partition of partitions) wake(partition);
    },
    async refresh() {
      await poll();
      for (const partition of pumps.keys()) wake(partition);
    },
    settled,
    lag: () => lag,
    inFlight: () => slots.inUse,
    partitions: () => ownership.partitions,
  };
}

/** Opens the connection that holds the partition locks. */
export function lockConnection(target: Parameters<typeof openDatabase>[0], onClose: () => void): Database {
  return openDatabase(target, { maxConnections: 1, applicationName: 'mevrik locks', onClose });
}
