import { QueryClient } from '@tanstack/react-query';
import { MevrikError } from './sdk.ts';

/** What was loaded is kept here; subscriptions, not time, make it stale. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      // The client itself tries again what can be tried.
      retry: (failures, error) =>
        failures < 1 && !(error instanceof MevrikError && error.status > 0 && error.status < 500),
    },
  },
});
