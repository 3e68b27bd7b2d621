import { createHmac } from 'node:crypto';
import { sameSecret } from '../auth/secrets.ts';
import { truncate } from '../domain/storable.ts';

/** Makes and checks the addresses under which files are handed out. */
export interface FileAddresses {
  /** An address that works until some time after the next `validSeconds`; the same one for a while, so that it can be cached. */
  of(file: { readonly id: string; readonly name: string }): string;
  /** Whether an address is ours, whole, and still in time. */
  check(asked: {
    readonly id: string;
    readonly expires: number;
    readonly signature: string;
  }): FileAddressState;
}

/** What a signed address is worth. */
export type FileAddressState = 'valid' | 'expired' | 'forged';

/** Makes addresses below the one at which people reach this server. */
export function createFileAddresses(options: {
  readonly key: Buffer;
  readonly baseUrl: () => string;
  readonly validSeconds: number;
  readonly now?: () => number;
}): FileAddresses {
  const { key, baseUrl, validSeconds, now = Date.now } = options;
  const step = Math.max(1, Math.floor(validSeconds / 4));
  const sign = (id: string, expires: number) =>
    createHmac('sha256', key).update(`file ${id} ${expires}`).digest('base64url');
  return {
    of({ id, name }) {
      const expires = (Math.floor(now() / 1000 / step) + 1) * step + validSeconds;
      const path = `/files/${id}/${encodeURIComponent(truncate(name, 100))}`;
      return `${baseUrl()}${path}?expires=${expires}&signature=${sign(id, expires)}`;
    },
    check({ id, expires, signature }) {
      if (!sameSecret(signature, sign(id, expires))) return 'forged';
      return expires * 1000 < now() ? 'expired' : 'valid';
    },
  };
}
