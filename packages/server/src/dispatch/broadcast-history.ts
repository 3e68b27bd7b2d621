import { parseTopic, type Resumed, type TopicPosition } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { readPartitionHeads } from '../log/log.ts';
import { partitionCount, partitionOf } from '../log/partition.ts';
import { broadcastSubscription } from './broadcast-lane.ts';
import type { Broadcast } from './broadcasts.ts';
import { type Range, RecentBroadcasts } from './recent-broadcasts.ts';

/** What was broadcast and can be told again, because the log has it. */
export interface BroadcastHistory {
  /**
   * Where a topic stands now, and what somebody who stood at `from` has missed until now, in order; its places are
   * to be believed once that was told.
   * @returns `undefined` where the topic is not one of the log's.
   */
  resume(question: ResumeQuestion): Promise<Recovery | undefined>;
  /** Up to where the log goes. */
  heads(): Promise<ReadonlyMap<number, number>>;
  /** Up to where everything has been broadcast so that no node could miss it. */
  mark(): Promise<ReadonlyMap<number, number>>;
  /** Everything after a mark, in order; `undefined` when it is more than can be told again. */
  since(mark: ReadonlyMap<number, number>): Promise<readonly Broadcast[] | undefined>;
}

/** Somebody who asks for what they have missed; without `from` only where the topic stands. */
export interface ResumeQuestion {
  readonly appId: number;
  readonly topic: string;
  readonly from?: TopicPosition | undefined;
}

/** The answer, with what is to be told before it. */
export interface Recovery extends Resumed {
  readonly missed: readonly Broadcast[];
}

/** What a history is given. */
export interface BroadcastHistoryOptions {
  readonly sql: Sql;
  /** Who missed more of a topic, or something older, must load everything anew. */
  readonly maxEvents: number;
  readonly maxAgeSeconds: number;
}

/** A read of the whole log's tail goes no further back than so many events. */
const maxScanned = 50_000;
const allPartitions = Array.from({ length: partitionCount }, (_, partition) => partition);

/** A history on the log. */
export function createBroadcastHistory({
  sql,
  maxEvents,
  maxAgeSeconds,
}: BroadcastHistoryOptions): BroadcastHistory {
  const recent = new RecentBroadcasts(sql);
  const heads = shared(() => readPartitionHeads(sql, allPartitions));
  const epoch = once(() => readEpoch(sql));
  const partitionOfSession = remember((id) => readPartitionOfSession(sql, id));

  /** The partitions that a topic's events are in: a session's are in one, others' in any. */
  async function partitionsOf(topic: string): Promise<readonly number[] | undefined> {
    const parsed = parseTopic(topic);
    // Nothing of the log is broadcast on `opening`.
    if (!parsed || parsed.kind === 'opening') return undefined;
    if (parsed.kind !== 'session') return allPartitions;
    const partition = await partitionOfSession(parsed.id);
    return partition === undefined ? undefined : [partition];
  }

  async function missedBy(
    { appId, topic }: ResumeQuestion,
    ranges: readonly Range[],
  ): Promise<readonly Broadcast[] | undefined> {
    if (distance(ranges) > maxScanned) return undefined;
    const missed = await recent.read(appId, topic, ranges);
    if (missed.length > maxEvents) return undefined;
    const [oldest] = missed;
    return oldest && timeOf(oldest) < Date.now() - maxAgeSeconds * 1000 ? undefined : missed;
  }

  return {
    async resume(question) {
      const { from } = question;
      const partitions = await partitionsOf(question.topic);
      if (!partitions) return undefined;
      const [now, of] = await Promise.all([heads(), epoch()]);
      const positions = Object.fromEntries(partitions.map((p) => [p, now.get(p) ?? 0]));
      const place = { epoch: of, positions };
      if (!from) return { ...place, missed: [] };
      const ranges = rangesOf(partitions, from.positions, now);
      const missed = ranges && from.epoch === of ? await missedBy(question, ranges) : undefined;
      return { ...place, recovered: missed !== undefined, missed: missed ?? [] };
    },
    heads,
    async mark() {
      const rows = await sql<{ partition: number; offset: number }[]>`
        SELECT partition, "offset" FROM checkpoints WHERE subscription = ${broadcastSubscription}`;
      const reached = new Map(rows.map(({ partition, offset }) => [partition, offset]));
      return new Map(allPartitions.map((partition) => [partition, reached.get(partition) ?? 0]));
    },
    async since(mark) {
      const now = await heads();
      const ranges = rangesOf(allPartitions, Object.fromEntries(mark), now);
      return !ranges || distance(ranges) > maxScanned ? undefined : recent.readAll(ranges);
    },
  };
}

/** What lies between; `undefined` when a place is missing, or one that the log has not reached. */
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

/** An event's id is a UUID of version 7: its first 48 bits are the time in milliseconds. */
function timeOf({ eventId }: Broadcast): number {
  return Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16);
}

async function readEpoch(sql: Sql): Promise<string> {
  const [row] = await sql<{ epoch: string }[]>`SELECT epoch FROM log_epoch`;
  return row?.epoch ?? '';
}

async function readPartitionOfSession(sql: Sql, id: number): Promise<number | undefined> {
  const [row] = await sql<{ key: string }[]>`SELECT conversation_key AS key FROM sessions WHERE id = ${id}`;
  return row && partitionOf(row.key, partitionCount);
}

/**
 * One reading for all who ask while another one is under way: it begins after they asked, so that it holds for them.
 */
function shared<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Value> | undefined;
  return () => {
    next ??= running.then(() => {
      const reading = read();
      running = reading.catch(() => {});
      next = undefined;
      return reading;
    });
    return next;
  };
}

/** Reads what never changes; again only after it has failed. */
function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= read().catch((error: unknown) => {
      value = undefined;
      throw error;
    });
    return value;
  };
}

const maxRemembered = 20_000;

/** Remembers what never changes once it is there; the oldest go first. */
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
