import type { NoticePayloads } from '@mevrik/protocol';
import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { token } from '../../session/session.ts';
import { isKeyOf } from '../../shared/labels.ts';
import { type Client, createClient } from '../../shared/sdk.ts';
import { type LiveSource, noticeSources } from './notice-sources.ts';
import { useApps } from './queries.ts';

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: {
      /** The sources that make the query reload while the panel is open. */
      readonly live?: readonly LiveSource[];
    };
  }
}

/** The shortest time between two reloads caused by activity, in milliseconds. */
const activityIntervalMs = 1_000;

/** Keeps the queries with `meta: { live }` up to date by subscribing to the topics of every app. */
export function useLiveRefresh(): void {
  const queries = useQueryClient();
  const apps = useApps().data?.items;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresher = new Refresher(queries);
    const onSource = (source: LiveSource) => {
      if (source !== 'activity') {
        refresher.refresh(source);
        return;
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        refresher.refresh('activity');
      }, activityIntervalMs);
    };
    const clients = (apps ?? []).map(({ id, key }) => {
      const client = createClient({ url: location.origin, appKey: key, token });
      subscribe(client, id, onSource);
      return client;
    });
    return () => {
      clearTimeout(timer);
      for (const client of clients) client.disconnect();
    };
  }, [apps, queries]);
}

/** Reloads the queries that depend on a source; never while the server still has to respond to the previous request. */
class Refresher {
  readonly #queries: QueryClient;
  /** The sources that are being reloaded, and those of them that have changed again since. */
  readonly #running = new Set<LiveSource>();
  readonly #changed = new Set<LiveSource>();

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  refresh(source: LiveSource): void {
    this.#changed.add(source);
    if (!this.#running.has(source)) void this.#run(source);
  }

  async #run(source: LiveSource): Promise<void> {
    const filters = { predicate: ({ meta }: Query) => meta?.live?.includes(source) ?? false };
    this.#running.add(source);
    while (this.#changed.delete(source)) {
      // What is being loaded may have been read before the change.
      if (this.#queries.isFetching(filters) > 0) this.#changed.add(source);
      await this.#queries.invalidateQueries(filters, { cancelRefetch: false });
    }
    this.#running.delete(source);
  }
}

function subscribe(client: Client, appId: number, onSource: (source: LiveSource) => void): void {
  for (const name of ['log', 'queues', `queues-app-${appId}`] as const) {
    const topic = client.subscribe(name);
    for (const notice of Object.keys(noticeSources)) {
      if (isKeyOf(noticeSources, notice)) listen(topic, notice, onSource);
    }
    // Notices missed during a disconnect are not repeated.
    topic.when('subscribed', () => onSource('activity'));
  }
}

/** Reloads what depends on a notice. Notices are rare or throttled by the server. */
function listen<Name extends keyof NoticePayloads>(
  topic: { on(name: Name, listener: (payload: NoticePayloads[Name]) => void): unknown },
  name: Name,
  onSource: (source: LiveSource) => void,
): void {
  topic.on(name, (payload) => {
    for (const source of noticeSources[name](payload)) onSource(source);
  });
}
