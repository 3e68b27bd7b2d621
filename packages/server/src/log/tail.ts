import type { Event } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { readPartition } from './log.ts';

/**
 * The newest events of this process in memory, so that what was just committed is not read again.
 * Gapless offsets make that safe: the events that follow an offset without a gap are complete.
 */
export class Tail {
  readonly #events = new Map<number, Map<number, Event>>();
  readonly #newest = new Map<number, number>();
  readonly #perPartition: number;

  /** @param perPartition the number of events kept per partition. */
  constructor(perPartition = 512) {
    this.#perPartition = perPartition;
  }

  /** Adds committed events. */
  add(events: readonly Event[]): void {
    for (const event of events) {
      const kept = this.#events.get(event.partition) ?? new Map<number, Event>();
      this.#events.set(event.partition, kept);
      kept.set(event.offset, event);
      this.#newest.set(event.partition, Math.max(event.offset, this.#newest.get(event.partition) ?? 0));
      while (kept.size > this.#perPartition) {
        const oldest = kept.keys().next().value;
        if (oldest === undefined) break;
        kept.delete(oldest);
      }
    }
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
}
