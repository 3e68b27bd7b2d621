import { parseTopic, type Resumed, type TopicPosition } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { timeOfId } from '../log/event-ids.ts';
import { readPartitionHeads } from '../log/log.ts';
import { readLogEpoch } from '../log/log-position.ts';
import { partitionCount, partitionOf } from '../log/partition.ts';
import { broadcastSubscription } from './broadcast-lane.ts';
import type { Broadcast } from './broadcasts.ts';
import { readOnce } from './read-once.ts';
import { type Range, RecentBroadcasts } from './recent-broadcasts.ts';

/** Past broadcasts, read back from the log for clients and nodes that missed them. */
export interface BroadcastHistory {
  /**
   * Reads the current position of a topic and the broadcasts since `from`, in order. The position is valid once the
   * missed broadcasts have been delivered.
   * @returns `undefined` if the topic's broadcasts are not in the log.
   */
  resume(question: RecoveryRequest): Promise<Recovery | undefined>;
  /** The last offset of each partition. */
  heads(): Promise<ReadonlyMap<number, number>>;
  /** The offset of each partition up to which broadcasts have reached all nodes. */
  mark(): Promise<ReadonlyMap<number, number>>;
  /**
   * All broadcasts after a mark, in order, of all partitions or only of these; `undefined` if there are too many to
   * repeat.
   */
  since(
    mark: ReadonlyMap<number, number>,
    partitions?: readonly number[],
  ): Promise<readonly Broadcast[] | undefined>;
  /** Forgets what was read: the log is another one now. */
  forget(): void;
}

/** A request to resume a topic; without `from` only the current position is read. */
export interface RecoveryRequest {
  readonly appId: number;
  readonly topic: string;
  readonly from?: TopicPosition | undefined;
}

/** The answer, with the missed broadcasts to deliver first. */
export interface Recovery extends Resumed {
  readonly missed: readonly Broadcast[];
}

/** The options of a history. */
export interface BroadcastHistoryOptions {
  readonly sql: Sql;
  /** A client that missed more broadcasts of a topic, or older ones, must reload. */
  readonly maxEvents: number;
  readonly maxAgeSeconds: number;
}

/** The maximum number of events read back from the end of the log. */
const maxScanned = 50_000;
const allPartitions = Array.from({ length: partitionCount }, (_, partition) => partition);

/** Creates a history that reads from the log. */
export function createBroadcastHistory({
  sql,
  maxEvents,
  maxAgeSeconds,
}: BroadcastHistoryOptions): BroadcastHistory {
  const recent = new RecentBroadcasts(sql);
  const heads = shared(() => readPartitionHeads(sql, allPartitions));
  let epoch = readOnce(() => readLogEpoch(sql));
  const rememberPartitions = () => remember((id) => readPartitionOfSession(sql, id));
  let partitionOfSession = rememberPartitions();

  /** The partitions that may contain a topic's events: one for a session, all for other topics. */
  async function partitionsOf(topic: string): Promise<readonly number[] | undefined> {
    const parsed = parseTopic(topic);
    // No event of the log is broadcast on `opening`.
    if (!parsed || parsed.kind === 'opening') return undefined;
    if (parsed.kind !== 'session') return allPartitions;
    const partition = await partitionOfSession(parsed.id);
    return partition === undefined ? undefined : [partition];
  }

  async function missedBy(
    { appId, topic }: RecoveryRequest,
    ranges: readonly Range[],
  ): Promise<readonly Broadcast[] | undefined> {
    if (distance(ranges) > maxScanned) return undefined;
    const missed = await recent.read(appId, topic, ranges);
    if (!missed || missed.length > maxEvents) return undefined;
    const [oldest] = missed;
    return oldest && timeOfId(oldest.eventId) < Date.now() - maxAgeSeconds * 1000 ? undefined : missed;
  }

  return {
    async resume(question) {
      const { from } = question;
      const partitions = await partitionsOf(question.topic);
      if (!partitions) return undefined;
      const [now, of] = await Promise.all([heads(), epoch()]);
      const positions = Object.fromEntries(partitions.map((p) => [p, now.get(p) ?? 0]));
      const position = { epoch: of, positions };
      if (!from) return { ...position, missed: [] };
      const ranges = rangesOf(partitions, from.positions, now);
      const missed = ranges && from.epoch === of ? await missedBy(question, ranges) : undefined;
      return { ...position, recovered: missed !== undefined, missed: missed ?? [] };
    },
    heads,
    async mark() {
      const rows = await sql<{ partition: number; offset: number }[]>`
        SELECT partition, "offset" FROM checkpoints WHERE subscription = ${broadcastSubscription}`;
      const reached = new Map(rows.map(({ partition, offset }) => [partition, offset]));
      return new Map(allPartitions.map((partition) => [partition, reached.get(partition) ?? 0]));
    },
    async since(mark, partitions = allPartitions) {
      const now = await heads();
      const ranges = rangesOf(partitions, Object.fromEntries(mark), now);
      return !ranges || distance(ranges) > maxScanned ? undefined : recent.readAll(ranges);
    },
    forget() {
      epoch = readOnce(() => readLogEpoch(sql));
      // The ids of lost sessions are given again, to those of other conversations.
      partitionOfSession = rememberPartitions();
      recent.forget();
    },
  };
}

/** The ranges between two positions; `undefined` if an offset is missing or beyond the log. */
function rangesOf(
  partitions: readonly number[],
  from: Readonly<Record<string, number>>,
  now: ReadonlyMap<number, number>,
): readonly Range[] | undefined {
  const ranges: Range[] = [];
  for (const partition of partitions) {
    const after = from[partition];
    const upTo = now.get(partition) ?? 0;
    if (after === undefined || after > upTo) return undefined;
    if (after < upTo) ranges.push({ partition, after, upTo });
  }
  return ranges;
}

function distance(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { after, upTo }) => sum + upTo - after, 0);
}

async function readPartitionOfSession(sql: Sql, id: number): Promise<number | undefined> {
  const [row] = await sql<{ key: string }[]>`SELECT conversation_key AS key FROM sessions WHERE id = ${id}`;
  return row && partitionOf(row.key, partitionCount);
}

/**
 * Shares one read among all callers that arrive while another is running. It starts after their calls, so that its
 * result is current for them.
 */
function shared<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Value> | undefined;
  return () => {
    next ??= running.then(() => {
      const reading = read();
      // Every caller gets the failure from `reading`; the next reading only waits for its end.
      running = reading.catch(() => {});
      next = undefined;
      return reading;
    });
    return next;
  };
}

const maxRemembered = 20_000;

/** Caches values that never change while the log is the same; evicts the oldest first. */
function remember(read: (id: number) => Promise<number | undefined>) {
  const known = new Map<number, number>();
  return async (id: number): Promise<number | undefined> => {
    const remembered = known.get(id);
    if (remembered !== undefined) return remembered;
    const found = await read(id);
    const [oldest] = known.keys();
    if (known.size >= maxRemembered && oldest !== undefined) known.delete(oldest);
    if (found !== undefined) known.set(id, found);
    return found;
  };
}
