import type { Event } from '@mevrik/protocol';
import { type Database, type DatabaseOptions, openDatabase } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { Unfinished } from '../domain/unfinished.ts';
import { LogMovedThrottle } from '../live/log-moved.ts';
import { readPartitionHeads } from '../log/log.ts';
import { Tail } from '../log/tail.ts';
import type { Broadcast } from './broadcasts.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { Ownership, type OwnershipState } from './ownership.ts';
import { ParkedRetries } from './parked-retries.ts';
import { PausedApps } from './paused-apps.ts';
import { type LogPoll, pollLog, readPaused } from './poll-log.ts';
import { ProgressReader } from './progress-reader.ts';
import type { Hints } from './redis-hints.ts';
import { registerSubscriptions } from './registry.ts';
import { ReplayRuns } from './replay/replay-runs.ts';
import { RunningPartitions } from './running-partitions.ts';
import { Slots } from './slots.ts';
import { holdingNames, type Subscription } from './subscription.ts';

/** The dependencies of the dispatcher, besides the options shared by its parts. */
export interface DispatcherDeps {
  readonly options: Omit<DispatchOptions, 'onAppended' | 'onMoved'>;
  readonly subscriptions: readonly Subscription[];
  readonly openLockConnection: (onClose: () => void) => Database;
  readonly publish: ((messages: readonly Broadcast[]) => Promise<void>) | null;
  /** The log is another one than before: a fail-over or a restored backup. */
  readonly onNewEpoch?: () => void;
  /** Delivers to this node's clients what former owners have published of partitions that it takes over. */
  readonly catchUp?: (partitions: readonly number[]) => Promise<void>;
  /** Resolves when no node can miss messages published before the call. */
  readonly reached?: () => Promise<void>;
  /** Called with an event after its broadcasts were published. */
  readonly onPublished?: (event: Event) => void;
  /** Called when events of these apps were appended or handled; throttled. */
  readonly onLogMoved?: (appIds: readonly number[]) => void;
  /** Connects the hints between nodes; `onHint` is called when another node has appended events to partitions. */
  readonly connectHints: (onHint: (partitions: readonly number[]) => void) => Pick<Hints, 'hint'>;
  /** True if `EVENT_QUEUE_ENABLED` is false: `appended` then resolves when all events are handled. */
  readonly inline: boolean;
}

/** Dispatches the log's events to listeners and broadcasts, for the partitions that this node owns. */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #options: DispatchOptions;
  readonly #tail = new Tail();
  readonly #slots: Slots;
  readonly #logMoved: LogMovedThrottle;
  readonly #paused: PausedApps;
  readonly #ownership: Ownership;
  readonly #running: RunningPartitions;
  readonly #retries: ParkedRetries;
  readonly #replays: ReplayRuns;
  readonly #hints: Pick<Hints, 'hint'>;
  readonly #unfinished = new Unfinished();
  #lag = 0;
  #pollTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** Nothing runs before `start`. */
  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#logMoved = new LogMovedThrottle(deps.onLogMoved ?? (() => {}));
    this.#options = {
      ...deps.options,
      onAppended: (events) => this.#handleAppended(events),
      onMoved: (events) => this.#logMoved.add(events),
    };
    this.#slots = new Slots(this.#options.maxConcurrentEvents);
    this.#paused = new PausedApps(this.#options);
    this.#ownership = this.#createOwnership();
    this.#running = this.#createRunning();
    const shared = {
      options: this.#options,
      subscriptions: deps.subscriptions,
      ownedPartitions: () => this.#ownership.partitions,
    };
    this.#retries = new ParkedRetries({
      ...shared,
      onCleared: (subscription, partition, key) => this.#running.reconcile(subscription, partition, key),
    });
    this.#replays = new ReplayRuns(shared);
    this.#hints = deps.connectHints((partitions) => {
      for (const partition of partitions) this.#running.wake(partition);
    });
  }

  /** Registers the subscriptions, acquires a share of the partitions and starts. */
  async start(): Promise<void> {
    await registerSubscriptions(this.#options.database, this.#deps.subscriptions);
    const { sql } = this.#options.database;
    await this.#paused.reload(async () => ({ paused: await readPaused(sql) }));
    await this.#ownership.start();
    this.#pollLater();
  }

  /** Finishes current work, releases the partitions and deregisters the node. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#pollTimer);
    await Promise.all([this.#retries.stop(), this.#replays.stop()]);
    await this.#ownership.stop();
    await this.#unfinished.ended();
    this.#logMoved.stop();
  }

  /** Call after each commit; resolves at once or, if events are not queued, when all are handled. */
  async appended(events: readonly Event[]): Promise<void> {
    this.#handleAppended(events);
    if (this.#deps.inline) await this.settled();
  }

  /** Reloads paused subscriptions and parked events at once, after an administrator has changed them. */
  async refresh(): Promise<void> {
    await this.#poll();
  }

  /** Resolves when all events in this node's partitions, and those raised by them, are handled. */
  async settled(): Promise<void> {
    for (;;) {
      const before = await this.#readHeads();
      await this.#running.settled();
      const after = await this.#readHeads();
      if ([...after].every(([partition, head]) => before.get(partition) === head)) return;
    }
  }

  /** The number of unhandled events of the slowest listener, over all nodes, as of the last poll. */
  lag(): number {
    return this.#lag;
  }

  /** The number of events currently being handled on this node. */
  inFlight(): number {
    return this.#slots.inUse;
  }

  /** The partitions that this node owns. */
  partitions(): readonly number[] {
    return this.#ownership.partitions;
  }

  /** This node's heartbeat and its share of the partitions. */
  ownership(): OwnershipState {
    return this.#ownership.state;
  }

  #createOwnership(): Ownership {
    return new Ownership({
      ...this.#options,
      openLockConnection: () => this.#deps.openLockConnection(() => this.#ownership.connectionLost()),
      onNewEpoch: () => this.#deps.onNewEpoch?.(),
      onAcquired: (partitions) => {
        this.#running.start(partitions);
        this.#retries.poll();
      },
      onReleased: (partitions, isLost) => this.#running.stop(partitions, isLost),
    });
  }

  #createRunning(): RunningPartitions {
    const { subscriptions, publish, catchUp, reached, onPublished } = this.#deps;
    const shared = {
      options: this.#options,
      tail: this.#tail,
      owns: (partition: number) => this.#ownership.owns(partition),
    };
    return new RunningPartitions({
      pump: {
        ...shared,
        subscriptions,
        progress: new ProgressReader(this.#options.database, holdingNames(subscriptions)),
        slots: this.#slots,
        pauses: this.#paused,
        onParked: (subscription, appId) => {
          this.#retries.poll();
          this.#retries.pollIn(this.#options.retryDelayMs);
          void this.#unfinished.add(this.#paused.enforceLimit(subscription.name, appId));
        },
      },
      lane: {
        ...shared,
        publish,
        reached: reached ?? (async () => {}),
        onPublished: onPublished ?? (() => {}),
      },
      catchUp: catchUp ?? (async () => {}),
    });
  }

  #handleAppended(events: readonly Event[]): void {
    this.#tail.add(events);
    this.#logMoved.add(events);
    const elsewhere = this.#running.wakeFor(events);
    if (elsewhere.length > 0) this.#hints.hint(elsewhere);
  }

  async #poll(): Promise<void> {
    const { heads, hasDueRetries, hasReplays } = await this.#readLog();
    this.#running.wakeBehind(heads);
    if (hasDueRetries) this.#retries.poll();
    if (hasReplays) this.#replays.poll();
  }

  async #readLog(): Promise<LogPoll> {
    const names = this.#deps.subscriptions.map((one) => one.name);
    const { sql } = this.#options.database;
    const log = await this.#paused.reload(() => pollLog(sql, this.#ownership.partitions, names));
    this.#lag = log.lag;
    return log;
  }

  #pollLater(): void {
    if (this.#isStopped) return;
    this.#pollTimer = setTimeout(() => {
      this.#unfinished
        .add(this.#poll())
        .catch((error) => this.#options.log.warn({ err: error }, 'failed to poll the log'))
        .finally(() => this.#pollLater());
    }, this.#options.pollMs);
  }

  #readHeads(): Promise<ReadonlyMap<number, number>> {
    return readPartitionHeads(this.#options.database.sql, this.#ownership.partitions);
  }
}

/** Opens the connection that holds the partition locks. */
export function lockConnection(
  target: DatabaseTarget,
  nodeId: string,
  options: Pick<DatabaseOptions, 'watch' | 'onClose'>,
): Database {
  return openDatabase(target, { maxConnections: 1, applicationName: `mevrik locks ${nodeId}`, ...options });
}
