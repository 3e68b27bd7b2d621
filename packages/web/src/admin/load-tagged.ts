import { api } from '../session/session.ts';

/** Something as it was read, and the ETag of that state. */
export type Tagged<T> = T & { readonly etag: string | undefined };

/** Reads something that is to be edited. */
export async function loadTagged<T extends object>(path: string): Promise<Tagged<T>> {
  let etag: string | undefined;
  const value = await api.call<T>('GET', path, {
    onEtag: (given) => {
      etag = given;
    },
  });
  return { ...value, etag };
}
