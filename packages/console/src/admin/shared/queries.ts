import { useQuery } from '@tanstack/react-query';
import { api } from '../../session/session.ts';

/** The apps that the agent works for. */
export const useApps = () => useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() });

/** Names apps by their ID. */
export function useAppName(): (appId: number) => string {
  const apps = useApps();
  return (appId) => apps.data?.items.find(({ id }) => id === appId)?.name ?? `App ${appId}`;
}

/** The kinds of channel that the server supports. */
export const useChannelKinds = () =>
  useQuery({
    queryKey: ['admin', 'channel-kinds'],
    queryFn: () => api.rest.admin.channelKinds(),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The health of all channels. */
export const useChannelStates = () =>
  useQuery({
    queryKey: ['channels'],
    queryFn: () => api.rest.admin.channelStates(),
    meta: { live: ['activity'] },
  });

/** The listeners with their lag. */
export const useListeners = () =>
  useQuery({
    queryKey: ['listeners'],
    queryFn: () => api.rest.admin.subscriptions(),
    meta: { live: ['activity'] },
  });

/** The story of an event. */
export const useEventStory = (eventId: string) =>
  useQuery({
    queryKey: ['event', eventId],
    queryFn: () => api.rest.admin.eventStory(eventId),
    meta: { live: ['activity'] },
  });
