import type { Event } from '@mevrik/protocol';
import { BroadcastLane, type BroadcastLaneOptions } from './broadcast-lane.ts';
import { PartitionPump, type PumpDeps } from './partition-pump.ts';
import { noProgress, type Progress } from './progress-reader.ts';
import { readOnce } from './read-once.ts';
import type { Subscription } from './subscription.ts';

/** The dependencies of the pumps and lanes. */
export interface RunningPartitionsDeps {
  readonly pump: PumpDeps;
  readonly lane: BroadcastLaneOptions;
  /** Delivers to this node's clients what former owners have published of these partitions. */
  readonly catchUp: (partitions: readonly number[]) => Promise<void>;
}

/** The pump and the broadcast lane of each partition that this node owns. */
export class RunningPartitions {
  readonly #deps: RunningPartitionsDeps;
  readonly #pumps = new Map<number, PartitionPump>();
  readonly #lanes = new Map<number, BroadcastLane>();

  constructor(deps: RunningPartitionsDeps) {
    this.#deps = deps;
  }

  /** Starts the pump and the lane of each of these partitions. */
  start(partitions: readonly number[]): void {
    const takeOver = readOnce(() => this.#takeOverBroadcasts(partitions));
    for (const partition of partitions) {
      // The log may be another one than before.
      this.#deps.lane.tail.forget(partition);
      this.#pumps.set(partition, new PartitionPump(partition, this.#deps.pump));
      const readProgress = async () => (await takeOver()).get(partition) ?? noProgress;
      this.#lanes.set(partition, new BroadcastLane(partition, this.#deps.lane, readProgress));
      this.wake(partition);
    }
  }

  /** Resolves when all work on these partitions has ended. `isLost`: the database may be another one now. */
  async stop(partitions: readonly number[], isLost: boolean): Promise<void> {
    await Promise.all(
      partitions.map(async (partition) => {
        const pump = this.#pumps.get(partition);
        const lane = this.#lanes.get(partition);
        this.#pumps.delete(partition);
        this.#lanes.delete(partition);
        await Promise.all([pump?.stop(), lane?.stop(isLost)]);
      }),
    );
  }

  /** Wakes the pump and the lane: this process's own commits are in memory, all other events in the log. */
  wake(partition: number, where: 'memory' | 'log' = 'log'): void {
    this.#lanes.get(partition)?.wake(where);
    this.#pumps.get(partition)?.wake(where);
  }

  /** Wakes the pumps and lanes whose partitions have events up to these offsets that they did not handle. */
  wakeBehind(heads: ReadonlyMap<number, number>): void {
    for (const [partition, head] of heads) {
      const [lane, pump] = [this.#lanes.get(partition), this.#pumps.get(partition)];
      if (lane?.isBehind(head)) lane.wake();
      if (pump?.isBehind(head)) pump.wake();
    }
  }

  /** Wakes the partitions of events that were just committed here. @returns the partitions that run elsewhere. */
  wakeFor(events: readonly Event[]): readonly number[] {
    const partitions = new Set(events.map((event) => event.partition));
    const elsewhere = [...partitions].filter((partition) => !this.#pumps.has(partition));
    for (const partition of partitions) this.wake(partition, 'memory');
    return elsewhere;
  }

  /**
   * Reads from where on the lanes publish, and catches up to there. In this order: what a former owner publishes after
   * the read is published here again.
   */
  async #takeOverBroadcasts(partitions: readonly number[]): Promise<ReadonlyMap<number, Progress>> {
    const read = async (partition: number) =>
      [partition, await this.#deps.pump.progress.read(partition)] as const;
    const progress = new Map(await Promise.all(partitions.map(read)));
    await this.#deps.catchUp(partitions);
    return progress;
  }

  /** Requests a check whether a parked key can be unblocked. */
  reconcile(subscription: Subscription, partition: number, key: string): void {
    this.#pumps.get(partition)?.reconcile(subscription, key);
  }

  /** Resolves when the events present at the time of the call are handled and broadcast. */
  async settled(): Promise<void> {
    await Promise.all([...this.#pumps.values()].map((pump) => pump.settled()));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()));
  }
}
