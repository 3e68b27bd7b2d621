import type { NoticePayloads } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { token } from '../../session/session.ts';
import { isKeyOf } from '../../shared/labels.ts';
import { type Client, createClient } from '../../shared/sdk.ts';
import { type LiveSource, noticeSources } from './notice-sources.ts';
import { useApps } from './queries.ts';
import { Refresher } from './refresher.ts';

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
