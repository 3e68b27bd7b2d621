import type { ClientFrame } from '@mevrik/protocol';
import { relayClientEvent } from './client-event.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import { signIn } from './sign-in.ts';
import { channelIn, subscribe, unsubscribe } from './subscribe.ts';

/** Handles one frame of a client. Rejects only for internal errors. */
export function handleFrame(
  deps: ClientFrameDeps,
  socket: ClientSocket,
  frame: ClientFrame,
): void | Promise<void> {
  switch (frame.event) {
    case 'pusher:ping':
      return socket.pong();
    case 'pusher:pong':
      return;
    case 'pusher:subscribe':
      return subscribe(deps, socket, dataOf(frame));
    case 'pusher:unsubscribe':
      return unsubscribe(deps, socket, channelIn(dataOf(frame)) ?? '');
    case 'pusher:signin':
      return signIn(deps, socket, dataOf(frame));
    default:
      if (frame.event.startsWith('client-')) return relayClientEvent(deps, socket, frame);
      return socket.sendError(`Unknown event: ${frame.event}`);
  }
}

/** Some SDKs send the data of protocol events as a JSON string, as servers do. */
function dataOf({ data }: ClientFrame): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    // Not JSON: the schema of the event rejects it.
    return undefined;
  }
}
