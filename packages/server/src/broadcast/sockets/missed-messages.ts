import { parseTopic } from '@mevrik/protocol';
import type { ClientSocket, SocketSubscription } from './client-socket.ts';
import type { Connections } from './connections.ts';
import { disconnectGradually } from './disconnect.ts';
import { encodeFrame } from './frame-encoder.ts';

const reason = 'Messages were missed: load your state again';

/**
 * Has clients load their state again after messages were missed that cannot be recovered. Those that resume are
 * notified. Others, such as pusher-js, only notice a connection that is closed: they reconnect, a few at a time, within
 * `withinMs`.
 */
export function reloadClients({ sockets }: Pick<Connections, 'sockets'>, withinMs: number): void {
  const closed: ClientSocket[] = [];
  for (const socket of sockets.values()) {
    for (const [channel, { resumes }] of socket.channels) {
      if (resumes) socket.send(encodeFrame({ event: 'mevrik:reload', channel }));
    }
    if ([...socket.channels.values()].some(missesSilently)) closed.push(socket);
  }
  void disconnectGradually(closed, withinMs, reason);
}

/** Whether log events are broadcast on a channel whose subscriber does not resume. */
function missesSilently({ channel, resumes }: SocketSubscription): boolean {
  const kind = parseTopic(channel.topic)?.kind;
  return !resumes && kind !== undefined && kind !== 'opening';
}
