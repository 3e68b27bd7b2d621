import { createHmac } from 'node:crypto';
import { sameSecret } from '../../auth/secrets.ts';

/** The key and secret of the signing app. */
export interface Signer {
  readonly key: string;
  readonly secret: string;
}

/** The proof that a connection may subscribe to a channel: `key:hex`. */
export function signSubscription(
  app: Signer,
  socketId: string,
  channel: string,
  channelData?: string,
): string {
  const signed =
    channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return sign(app, signed);
}

/** The proof of a connection's user: `key:hex`. */
export function signUser(app: Signer, socketId: string, userData: string): string {
  return sign(app, `${socketId}::user::${userData}`);
}

/** Compares a presented signature with the expected one in constant time. */
export function isSignature(presented: unknown, expected: string): boolean {
  return typeof presented === 'string' && sameSecret(presented, expected);
}

function sign({ key, secret }: Signer, text: string): string {
  return `${key}:${createHmac('sha256', secret).update(text).digest('hex')}`;
}
