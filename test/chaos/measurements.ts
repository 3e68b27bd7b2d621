import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../../packages/server/src/db/sql.ts';

/** How often memory is read: a part of the samples falls right after a garbage collection. */
const sampleMs = 5_000;
/** The table has one row for each of so many equal parts of the time. */
const parts = 6;
/** How much the memory of the last part may be above that of the second: the first one fills the caches. */
const growthLimit = 1.15;

interface Row {
  readonly minutes: number;
  readonly messages: number;
  /** The least of the part, in bytes: what is left after garbage collections. */
  readonly heap: number;
  /** The most of the part, in bytes. */
  readonly resident: number;
  /** Since the beginning, in bytes. */
  readonly stored: number;
  readonly wal: number;
}

interface Size {
  readonly messages: number;
  readonly stored: number;
  readonly wal: number;
}

/** Samples the memory of a node, and how its database grows. */
export class Measurements {
  readonly #url: string;
  readonly #sql: Sql;
  readonly #rows: Row[] = [];

  /** @param url of the node. */
  constructor(url: string, sql: Sql) {
    this.#url = url;
    this.#sql = sql;
  }

  /** Samples for so many milliseconds. */
  async sampleFor(ms: number): Promise<void> {
    const startedAt = performance.now();
    const before = await this.#size();
    for (let part = 1; part <= parts; part += 1) {
      const until = startedAt + (ms * part) / parts;
      let heap = Number.POSITIVE_INFINITY;
      let resident = 0;
      do {
        await delay(Math.min(sampleMs, Math.max(0, until - performance.now())));
        const memory = await this.#memory();
        heap = Math.min(heap, memory.heap);
        resident = Math.max(resident, memory.resident);
      } while (performance.now() < until);
      const now = await this.#size();
      this.#rows.push({
        minutes: Math.round(((ms * part) / parts / 60_000) * 10) / 10,
        messages: now.messages - before.messages,
        heap,
        resident,
        stored: now.stored - before.stored,
        wal: now.wal - before.wal,
      });
    }
  }

  /** Whether memory has stopped growing after the first part. */
  get isFlat(): boolean {
    const [, second] = this.#rows;
    const last = this.#rows.at(-1);
    return second !== undefined && last !== undefined && last.heap <= second.heap * growthLimit;
  }

  /** The table, in Markdown. */
  async print(violations: number): Promise<string> {
    const messages = this.#rows.at(-1)?.messages ?? 0;
    const tables = await this.#sql<{ name: string; bytes: number }[]>`
      SELECT relname AS name, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 6`;
    const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
    const perMessage = (bytes: number, count: number) => `${Math.round(bytes / Math.max(1, count))}`;
    return [
      '# Soak',
      '',
      `\`npm run soak -- --minutes ${this.#rows.at(-1)?.minutes ?? 0}\`: customers come, ask and leave on one node, a visitor writes with an agent`,
      'and a contact with an HTTP bot all the time. Heap is the least of each part, after garbage collections.',
      '',
      `${messages} messages; broken guarantees: ${violations}.`,
      '',
      '| minutes | messages | heap | resident memory, at most | database, bytes a message | WAL, bytes a message |',
      '|---|---|---|---|---|---|',
      ...this.#rows.map(
        (row) =>
          `| ${row.minutes} | ${row.messages} | ${megabytes(row.heap)} | ${megabytes(row.resident)} | ` +
          `${perMessage(row.stored, row.messages)} | ${perMessage(row.wal, row.messages)} |`,
      ),
      '',
      'The largest tables with their indexes at the end:',
      '',
      '| table | bytes a message |',
      '|---|---|',
      ...tables.map(({ name, bytes }) => `| ${name} | ${perMessage(bytes, messages)} |`),
      '',
    ].join('\n');
  }

  async #memory(): Promise<{ readonly heap: number; readonly resident: number }> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const memory = {
      heap: read('nodejs_heap_size_used_bytes'),
      resident: read('process_resident_memory_bytes'),
    };
    if (Number.isNaN(memory.heap + memory.resident)) throw new Error('The metrics have no memory.');
    return memory;
  }

  async #size(): Promise<Size> {
    const [row] = await this.#sql<Size[]>`
      SELECT (SELECT count(*)::int FROM messages) AS messages, pg_database_size(current_database())::float8 AS stored,
             (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 AS wal`;
    if (!row) throw new Error('The database has no size.');
    return row;
  }
}
