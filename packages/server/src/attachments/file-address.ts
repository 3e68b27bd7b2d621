import { createHmac } from 'node:crypto';
import { cutText } from '@mevrik/protocol';
import { sameSecret } from '../auth/secrets.ts';

/** Creates and verifies signed URLs of files. */
export interface FileAddresses {
  /** A URL that is valid for at least `validSeconds`; it stays the same for a while, so that it can be cached. */
  of(file: { readonly id: string; readonly name: string }): string;
  /** Verifies the signature and expiry of a URL. */
  check(given: {
    readonly id: string;
    readonly expires: number;
    readonly signature: string;
  }): FileAddressState;
}

/** The result of verifying a signed URL. */
export type FileAddressState = 'valid' | 'expired' | 'forged';

/** Creates signed URLs below this server's base URL. */
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
      const path = `/files/${id}/${encodeURIComponent(cutText(name, 100))}`;
      return `${baseUrl()}${path}?expires=${expires}&signature=${sign(id, expires)}`;
    },
    check({ id, expires, signature }) {
      if (!sameSecret(signature, sign(id, expires))) return 'forged';
      return expires * 1000 < now() ? 'expired' : 'valid';
    },
  };
}
