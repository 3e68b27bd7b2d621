import type { Query, QueryClient } from '@tanstack/react-query';
import type { LiveSource } from './notice-sources.ts';

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: {
      /** The sources that make the query reload while the panel is open. */
      readonly live?: readonly LiveSource[];
    };
  }
}

/** Reloads the queries that depend on a source; never while the server still has to respond to the previous request. */
export class Refresher {
  readonly #queries: QueryClient;
  /** The sources that are being reloaded, and those of them that have changed again since. */
  readonly #running = new Set<LiveSource>();
  readonly #changed = new Set<LiveSource>();

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  /** Reloads what depends on the source, now or once the server has responded. */
  refresh(source: LiveSource): void {
    this.#changed.add(source);
    if (!this.#running.has(source)) void this.#run(source);
  }

  async #run(source: LiveSource): Promise<void> {
    const filters = { predicate: ({ meta }: Query) => meta?.live?.includes(source) ?? false };
    this.#running.add(source);
    while (this.#changed.delete(source)) {
      // What is being loaded may have been read before the change. Nothing waits for a screen that was left.
      if (this.#queries.isFetching({ ...filters, type: 'active' }) > 0) this.#changed.add(source);
      await this.#queries.invalidateQueries(filters, { cancelRefetch: false });
    }
    this.#running.delete(source);
  }
}
