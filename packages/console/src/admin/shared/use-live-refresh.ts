import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, token } from '../../session/session.ts';
import { createClient } from '../../shared/sdk.ts';

/** What shows the present: loaded again when something happens, once a second at most. */
const present = [
  'events',
  'event',
  'dead-letters',
  'listeners',
  'replays',
  'overview',
  'connections',
  'channels',
  'queues',
  'deliveries',
  'message',
  'webhook-events',
  'emails',
];
const onceInMs = 1_000;

/** Keeps the panel at the present: whatever is broadcast in any app has it look again. */
export function useLiveRefresh(): void {
  const queries = useQueryClient();
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() }).data?.items;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const key of present) void queries.invalidateQueries({ queryKey: [key] });
      }, onceInMs);
    };
    const clients = (apps ?? []).map(({ id, key }) => {
      const client = createClient({ url: location.origin, appKey: key, token });
      for (const topic of ['agentlive', 'agentbot', 'queues', 'sessions', `queues-app-${id}`] as const) {
        const channel = client.subscribe(topic);
        channel.when('load', look);
        for (const event of [
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
        ] as const) {
          channel.on(event, look);
        }
        // They come once a minute, and of themselves.
        channel.on('statistics_stored', () => void queries.invalidateQueries({ queryKey: ['charts'] }));
        for (const event of ['statistics_stored', 'health_changed'] as const) {
          channel.on(event, () => void queries.invalidateQueries({ queryKey: ['health'] }));
        }
        // Told once a second at most.
        channel.on('list_changed', ({ list }) => void queries.invalidateQueries({ queryKey: [list] }));
      }
      const log = client.subscribe('log');
      log.on('log_moved', look);
      // Notices are told to whoever is there: after a cut nobody repeats them.
      log.when('subscribed', look);
      return client;
    });
    return () => {
      clearTimeout(timer);
      for (const client of clients) client.disconnect();
    };
  }, [apps, queries]);
}
