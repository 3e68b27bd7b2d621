import { createHmac } from 'node:crypto';
import { sameSecret } from '../../auth/secrets.ts';

/** Key and secret of the app that signs. */
export interface Signer {
  readonly key: string;
  readonly secret: string;
}

/** What proves that a connection may subscribe to a channel: `key:hex`. */
export function signChannel(app: Signer, socketId: string, channel: string, channelData?: string): string {
  const signed =
    channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return sign(app, signed);
}

/** What proves who is on a connection: `key:hex`. */
export function signUser(app: Signer, socketId: string, userData: string): string {
  return sign(app, `${socketId}::user::${userData}`);
}

/** Compares what a client presents with what it should be, in a time that tells nothing. */
export function isSignature(presented: unknown, expected: string): boolean {
  return typeof presented === 'string' && sameSecret(presented, expected);
}

function sign({ key, secret }: Signer, text: string): string {
  return `${key}:${createHmac('sha256', secret).update(text).digest('hex')}`;
}
