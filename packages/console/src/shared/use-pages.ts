import { type QueryMeta, useInfiniteQuery } from '@tanstack/react-query';

/** Where a page starts; the first page has no cursor. */
interface PageStart {
  readonly cursor?: string;
}

const firstPage: PageStart = {};

/** A list of the API, loaded page by page. */
export function usePages<Loaded extends { readonly next: string | null }>(options: {
  readonly queryKey: readonly unknown[];
  /** Loads the page that starts there. */
  readonly load: (start: PageStart) => Promise<Loaded>;
  readonly meta?: QueryMeta;
  /** Milliseconds. */
  readonly staleTime?: number;
  /** Milliseconds between two polls. */
  readonly refetchInterval?: number;
  readonly enabled?: boolean;
}) {
  const { load, ...others } = options;
  return useInfiniteQuery({
    ...others,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: firstPage,
    getNextPageParam: ({ next }): PageStart | undefined => (next === null ? undefined : { cursor: next }),
  });
}
