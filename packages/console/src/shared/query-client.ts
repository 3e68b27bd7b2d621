import { QueryClient } from '@tanstack/react-query';
import { MevrikError } from './sdk.ts';

/** The query cache. Live events invalidate it rather than age. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      // The client retries requests itself.
      retry: (failures, error) =>
        failures < 1 && !(error instanceof MevrikError && error.status > 0 && error.status < 500),
    },
  },
});
