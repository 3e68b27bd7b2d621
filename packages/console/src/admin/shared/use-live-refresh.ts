import type { NoticePayloads } from '@mevrik/protocol';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { token } from '../../session/session.ts';
import { type Client, createClient } from '../../shared/sdk.ts';
import { useApps } from './queries.ts';

/**
 * What makes a query reload: `activity` is anything that happens in an app, `statistics` and `health` are the notices
 * of new statistics and of a changed health status, and the others are lists that the server reports as changed.
 */
export type LiveSource = 'activity' | 'statistics' | 'health' | NoticePayloads['list_changed']['list'];

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
const activityTopics = ['agentlive', 'agentbot', 'queues', 'sessions'] as const;
const activityEvents = [
  'message_post',
  'message_reply',
  'case_closed',
  'case_start',
  'case_created',
  'queue_created',
  'session_created',
  'session_path_changed',
  'message_failed',
  'message_status',
  'channel_health',
  'channel_alert',
] as const;

/** Keeps the queries with `meta: { live }` up to date by subscribing to the topics of every app. */
export function useLiveRefresh(): void {
  const queries = useQueryClient();
  const apps = useApps().data?.items;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onActivity = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        refresh(queries, 'activity');
      }, activityIntervalMs);
    };
    const clients = (apps ?? []).map(({ id, key }) => {
      const client = createClient({ url: location.origin, appKey: key, token });
      subscribe(client, id, onActivity, (source) => refresh(queries, source));
      return client;
    });
    return () => {
      clearTimeout(timer);
      for (const client of clients) client.disconnect();
    };
  }, [apps, queries]);
}

/** Reloads the queries that depend on a source. */
function refresh(queries: QueryClient, source: LiveSource): void {
  void queries.invalidateQueries({ predicate: ({ meta }) => meta?.live?.includes(source) ?? false });
}

function subscribe(
  client: Client,
  appId: number,
  onActivity: () => void,
  onSource: (source: LiveSource) => void,
): void {
  for (const name of [...activityTopics, `queues-app-${appId}` as const]) {
    const topic = client.subscribe(name);
    topic.when('load', onActivity);
    for (const event of activityEvents) topic.on(event, onActivity);
    // The notices below are rare or throttled by the server.
    topic.on('statistics_stored', () => {
      onSource('statistics');
      onSource('health');
    });
    topic.on('health_changed', () => onSource('health'));
    topic.on('list_changed', ({ list }) => onSource(list));
  }
  const log = client.subscribe('log');
  log.on('log_moved', onActivity);
  // Notices missed during a disconnect are not repeated.
  log.when('subscribed', onActivity);
}
