import type { Event } from '@mevrik/protocol';
import { type Database, openDatabase } from '../db/database.ts';
import { LogNews } from '../live/log-moved.ts';
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

/** What the dispatcher is made of, besides the options that all its parts share. */
export interface DispatcherDeps {
  readonly options: Omit<DispatchOptions, 'onAppended' | 'onMoved'>;
  readonly subscriptions: readonly Subscription[];
  readonly openLockConnection: (onClose: () => void) => Database;
  readonly publish: ((messages: readonly Broadcast[]) => Promise<void>) | null;
  /** Resolves when no other node can miss what was published before. */
  readonly reached?: () => Promise<void>;
  /** Called with an event once its broadcasts were handed to the bus. */
  readonly onPublished?: (event: Event) => void;
  /** Called when events of these apps were appended or handled; throttled. */
  readonly onLogMoved?: (appIds: readonly number[]) => void;
  /** Tells the other nodes that these partitions have news; they may also find out by themselves. */
  readonly hint: (partitions: readonly number[]) => void;
  /** True where `EVENT_QUEUE_ENABLED` is false: `appended` then resolves when all is handled. */
  readonly inline: boolean;
}

/** Brings the log's events to the listeners and to the broadcasts, for the partitions that this node owns. */
export interface Dispatcher {
  /** Registers the subscriptions, takes a share of the partitions and begins. */
  start(): Promise<void>;
  /** Ends what is under way, gives the partitions back and signs off. */
  stop(): Promise<void>;
  /** To be told of each commit; resolves at once, or when all is handled where events are not queued. */
  appended(events: readonly Event[]): Promise<void>;
  /** Another node has news in these partitions. */
  hinted(partitions: readonly number[]): void;
  /** Looks at paused subscriptions and parked events at once: a person has changed something. */
  refresh(): Promise<void>;
  /** Resolves when everything in the partitions of this node, and all that follows from it, is handled. */
  settled(): Promise<void>;
  /** How many events the slowest listener has before it, over all nodes; at most a poll old. */
  lag(): number;
  /** Events being handled on this node now. */
  inFlight(): number;
  /** The partitions of this node. */
  partitions(): readonly number[];
}

/** Makes a dispatcher; nothing runs before `start`. */
export function createDispatcher(parts: DispatcherDeps): Dispatcher {
  const { subscriptions } = parts;
  const tail = new Tail();
  const slots = new Slots(parts.options.maxConcurrentEvents);
  const pumps = new Map<number, PartitionPump>();
  const lanes = new Map<number, BroadcastLane>();
  const heads = new Map<number, number>();
  let paused: ReadonlySet<string> = new Set();
  let lag = 0;
  let pollTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  const news = new LogNews(parts.onLogMoved ?? (() => {}));
  const options: DispatchOptions = {
    ...parts.options,
    onAppended: (events) => noteAppended(events),
    onMoved: (events) => news.note(events),
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
    openLockConnection: () => parts.openLockConnection(() => ownership.connectionLost()),
    onAcquired: (partitions) => {
      for (const partition of partitions) take(partition);
      retries.look();
    },
    onReleased: async (partitions) => {
      await Promise.all(partitions.map(release));
    },
  });

  function take(partition: number): void {
    const pump = new PartitionPump(partition, {
      options,
      subscriptions,
      tail,
      slots,
      owns,
      isPaused: (name) => paused.has(name),
      onParked: (subscription) => {
        retries.look();
        retries.lookIn(options.retryDelayMs);
        void watchCap(subscription);
      },
    });
    pumps.set(partition, pump);
    pump.wake();
    const lane = new BroadcastLane(partition, {
      options,
      tail,
      owns,
      publish: parts.publish,
      reached: parts.reached ?? (async () => {}),
      onPublished: parts.onPublished ?? (() => {}),
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

  function noteAppended(events: readonly Event[]): void {
    tail.add(events);
    news.note(events);
    const foreign: number[] = [];
    for (const partition of new Set(events.map((event) => event.partition))) {
      if (pumps.has(partition)) wake(partition, 'memory');
      else foreign.push(partition);
    }
    if (foreign.length > 0) parts.hint(foreign);
  }

  function wake(partition: number, where: 'memory' | 'log' = 'log'): void {
    lanes.get(partition)?.wake(where);
    pumps.get(partition)?.wake(where);
  }

  async function watchCap(subscription: Subscription): Promise<void> {
    try {
      const count = await countParked(database.sql, subscription.name, options.parkedLimit);
      if (count < options.parkedLimit || paused.has(subscription.name)) return;
      paused = new Set([...paused, subscription.name]);
      await pauseSubscription(database, subscription.name, `${count} events are parked, which is the limit`);
      options.observe.paused(subscription.name);
      log.error(
        { listener: subscription.name, parked: count },
        'a listener is paused: too many events are parked',
      );
    } catch (error) {
      log.warn({ error: describeError(error) }, 'the parked events could not be counted');
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
    retries.look();
    replays.look();
  }

  function pollLater(): void {
    if (stopped) return;
    pollTimer = setTimeout(() => {
      poll()
        .catch((error) => log.warn({ error: describeError(error) }, 'the log could not be polled'))
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
      stopped = true;
      clearTimeout(pollTimer);
      await Promise.all([retries.stop(), replays.stop()]);
      await ownership.stop();
      news.stop();
    },
    async appended(events) {
      noteAppended(events);
      if (parts.inline) await settled();
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
    inFlight: () => slots.taken,
    partitions: () => ownership.partitions,
  };
}

/** Opens the connection that the partition locks live on. */
export function lockConnection(target: Parameters<typeof openDatabase>[0], onClose: () => void): Database {
  return openDatabase(target, { maxConnections: 1, applicationName: 'mevrik locks', onClose });
}
