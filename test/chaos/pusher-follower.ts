import type { Message } from '@mevrik/protocol';
import { Pusher } from '../support/gateway.ts';

/**
 * A page with pusher-js. It misses what is sent while it is disconnected, and after a crash it may receive the last events
 * again, which it cannot recognise.
 */
export interface PusherFollower {
  /** Messages that came for the first time after a newer one, on one connection. */
  readonly wrong: readonly string[];
  /** How many messages it has received. */
  count(): number;
  leave(): void;
}

/** Follows the conversation of a session with pusher-js. */
export function followWithPusher(of: {
  readonly url: string;
  readonly appKey: string;
  readonly token: string;
  readonly sessionId: number;
}): PusherFollower {
  const received = new Set<number>();
  const wrong: string[] = [];
  let newest = 0;
  const pusher = new Pusher(of.appKey, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: Number(new URL(of.url).port),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `${of.url}/broadcasting/auth`,
      headers: { Authorization: `Bearer ${of.token}` },
      params: {},
    },
  });
  pusher.connection.bind('connected', () => {
    newest = 0;
  });
  const channel = pusher.subscribe(`private-session${of.sessionId}`);
  const show = ({ message: { id } }: { readonly message: Message }) => {
    if (id < newest && !received.has(id)) {
      wrong.push(`pusher-js received message ${id} after message ${newest}`);
    }
    newest = Math.max(newest, id);
    received.add(id);
  };
  channel.bind('message_post', show);
  channel.bind('message_reply', show);
  return { wrong, count: () => received.size, leave: () => pusher.disconnect() };
}
