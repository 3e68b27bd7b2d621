import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Precondition } from '../../shared/sdk.ts';

/** A loaded value with the ETag of its state. */
export type Tagged<T> = T & { readonly etag: string | undefined };

/** Loads a value and reports its ETag. */
type Load<T> = (etag: Pick<Precondition, 'onEtag'>) => Promise<T>;

/** Loads a value for an editor. */
export function useTagged<T extends object>(queryKey: readonly string[], load: Load<T>) {
  const stored = useQuery({
    queryKey,
    queryFn: () => loadTagged(load),
    // An editor that is opened again starts with the stored state.
    gcTime: 0,
  });
  const [loads, setLoads] = useState(0);
  return {
    stored,
    /** The React key of the editor: a new key resets it. */
    loads,
    /** Discards unsaved changes and resets the editor to the stored state. */
    async reload(): Promise<void> {
      await stored.refetch();
      setLoads((before) => before + 1);
    },
  };
}

async function loadTagged<T extends object>(load: Load<T>): Promise<Tagged<T>> {
  let etag: string | undefined;
  const value = await load({
    onEtag: (received) => {
      etag = received;
    },
  });
  return { ...value, etag };
}
