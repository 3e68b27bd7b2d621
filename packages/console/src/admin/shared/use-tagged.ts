import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';

/** Something as it was read, and the ETag of that state. */
export type Tagged<T> = T & { readonly etag: string | undefined };

/** Reads something that is to be edited. */
export function useTagged<T extends object>(queryKey: readonly string[], path: string) {
  const stored = useQuery({
    queryKey,
    queryFn: () => loadTagged<T>(path),
    // Whoever comes back begins with what is stored by then.
    gcTime: 0,
  });
  const [loads, setLoads] = useState(0);
  return {
    stored,
    /** The key of the editor: a new one has it begin anew. */
    loads,
    /** Has the editor drop what is written, and begin with what there is now. */
    async loadAnew(): Promise<void> {
      await stored.refetch();
      setLoads((before) => before + 1);
    },
  };
}

async function loadTagged<T extends object>(path: string): Promise<Tagged<T>> {
  let etag: string | undefined;
  const value = await api.call<T>('GET', path, {
    onEtag: (given) => {
      etag = given;
    },
  });
  return { ...value, etag };
}
