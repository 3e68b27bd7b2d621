import type { Database } from '../db/database.ts';
import { readPartitionHeads } from '../log/log.ts';
import { type ParkedHead, parkedHeads } from './parking.ts';
import { readSuspects, type Suspects } from './suspects.ts';

/** How far a subscription has read a partition, according to the database. */
export interface Checkpoint {
  readonly subscription: string;
  /** The app that has this checkpoint of its own; `null` for all others. */
  readonly appId: number | null;
  readonly offset: number;
  /** How often apps were split off from the subscription here, or joined it again. */
  readonly splits: number;
}

/** How far a partition is handled, all as of one moment. */
export interface Progress {
  readonly checkpoints: readonly Checkpoint[];
  /** The first parked event of each key that is blocked. */
  readonly parked: readonly ParkedHead[];
  /** The newest offset of the partition. */
  readonly head: number;
  /** The events that may end the process. */
  readonly suspects: Suspects;
}

const noSuspects: Suspects = { isWatched: false, events: [] };

/** Of a partition that the database does not have. */
export const noProgress: Progress = { checkpoints: [], parked: [], head: 0, suspects: noSuspects };

/**
 * Reads the progress of partitions. Those asked for in the same step are read together: a node that starts or takes
 * over does so in one transaction, instead of one for each pump and lane.
 */
export class ProgressReader {
  readonly #database: Database;
  readonly #holding: readonly string[];
  #next:
    | { readonly partitions: Set<number>; readonly read: Promise<ReadonlyMap<number, Progress>> }
    | undefined;

  /** @param holding the subscriptions whose dead letters block their keys. */
  constructor(database: Database, holding: readonly string[]) {
    this.#database = database;
    this.#holding = holding;
  }

  /** The progress of a partition as of now. @throws what the database throws. */
  async read(partition: number): Promise<Progress> {
    this.#next ??= this.#collect();
    this.#next.partitions.add(partition);
    return (await this.#next.read).get(partition) ?? noProgress;
  }

  /** Waits for the rest of the current step to ask, too. */
  #collect() {
    const partitions = new Set<number>();
    const read = Promise.resolve().then(() => {
      this.#next = undefined;
      return this.#readAll([...partitions]);
    });
    return { partitions, read };
  }

  /** One snapshot: an event that the previous owner parks between two reads would let its successor overtake it. */
  #readAll(partitions: readonly number[]): Promise<ReadonlyMap<number, Progress>> {
    return this.#database.sql.snapshot(async ({ sql }) => {
      const checkpoints = await sql<(Checkpoint & { readonly partition: number })[]>`
        SELECT partition, subscription, NULL::int AS "appId", "offset", splits
        FROM checkpoints WHERE partition = ANY(${partitions})
        UNION ALL
        SELECT partition, subscription, app_id, "offset", 0
        FROM app_checkpoints WHERE partition = ANY(${partitions})`;
      const parked = await parkedHeads(sql, partitions, this.#holding);
      const heads = await readPartitionHeads(sql, partitions);
      const suspects = await readSuspects(sql, partitions);
      const [checkpointsOf, parkedOf] = [byPartition(checkpoints), byPartition(parked)];
      return new Map(
        partitions.map((partition) => [
          partition,
          {
            checkpoints: checkpointsOf.get(partition) ?? [],
            parked: parkedOf.get(partition) ?? [],
            head: heads.get(partition) ?? 0,
            suspects: suspects.get(partition) ?? noSuspects,
          },
        ]),
      );
    });
  }
}

function byPartition<Row extends { readonly partition: number }>(
  rows: readonly Row[],
): ReadonlyMap<number, readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.partition);
    if (group) group.push(row);
    else groups.set(row.partition, [row]);
  }
  return groups;
}
