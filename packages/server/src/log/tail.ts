import type { Event } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { readPartition } from './log.ts';
import { roughBytes } from './rough-bytes.ts';

/** Of all partitions together. What is committed here is usually read within milliseconds. */
const defaultBytes = 8 * 1_048_576;

/**
 * The newest events of this process in memory, so that what was just committed is not read again.
 * Gapless offsets make that safe: the events that follow an offset without a gap are complete.
 */
export class Tail {
  readonly #events = new Map<number, Map<number, Event>>();
  readonly #newest = new Map<number, number>();
  readonly #maxBytes: number;
  /** What is kept, oldest first; those before `#first` were dropped. */
  #order: { readonly partition: number; readonly offset: number; readonly bytes: number }[] = [];
  #first = 0;
  #bytes = 0;

  /** @param maxBytes approximately how much memory the events may take. */
  constructor(maxBytes = defaultBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Adds committed events. */
  add(events: readonly Event[]): void {
    for (const event of events) {
      const { partition, offset } = event;
      const kept = this.#events.get(partition) ?? new Map<number, Event>();
      this.#events.set(partition, kept);
      kept.set(offset, event);
      this.#newest.set(partition, Math.max(offset, this.#newest.get(partition) ?? 0));
      const bytes = roughBytes(event);
      this.#order.push({ partition, offset, bytes });
      this.#bytes += bytes;
    }
    this.#dropOldest();
  }

  /**
   * Forgets the events of a partition: after a fail-over to a database that was behind, the log has others at their
   * offsets.
   */
  forget(partition: number): void {
    this.#events.delete(partition);
  }

  /**
   * Reads events of a partition after an offset, in order: from memory if they are there without a gap, else from the
   * log. With `inLog` false, events newer than those in memory are not looked for.
   */
  async read(
    sql: Sql,
    { partition, after }: { readonly partition: number; readonly after: number },
    limit: number,
    inLog: boolean,
  ): Promise<readonly Event[]> {
    const kept = this.#events.get(partition);
    const found: Event[] = [];
    for (
      let event = kept?.get(after + 1);
      event && found.length < limit;
      event = kept?.get(event.offset + 1)
    ) {
      found.push(event);
    }
    if (found.length > 0) return found;
    const newest = this.#newest.get(partition) ?? 0;
    return inLog || newest > after ? readPartition(sql, partition, after, limit) : [];
  }

  #dropOldest(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#order[this.#first];
      if (!oldest) return;
      this.#first += 1;
      this.#bytes -= oldest.bytes;
      // Also one that was added again after `forget`: it is read from the log then.
      this.#events.get(oldest.partition)?.delete(oldest.offset);
    }
    if (this.#first * 2 < this.#order.length) return;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }
}
