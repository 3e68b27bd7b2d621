import { type ClientFrame, closeCodes } from '@mevrik/protocol';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';

/** Relays a `client-…` event to the other subscribers of a private or presence channel, if that is allowed. */
export function relayClientEvent(
  { bus, config, watch }: ClientFrameDeps,
  socket: ClientSocket,
  { event, channel: name, data }: ClientFrame,
): void | Promise<void> {
  const reject = (message: string) => socket.sendError(message, closeCodes.clientEventRejected, name);
  if (!socket.app.settings.realtime.clientEvents) return reject('Client events are not enabled for this app');
  const subscription = name === undefined ? undefined : socket.channels.get(name);
  if (name === undefined || !subscription) return reject('You are not subscribed to that channel');
  const { channel, userId } = subscription;
  if ((channel.kind !== 'private' && channel.kind !== 'presence') || channel.isEncrypted) {
    return reject('Client events are only supported on private and presence channels');
  }
  if (!socket.clientEvents.take()) return reject('Too many client events');
  const text = textOf(data);
  if (text === undefined) return reject('The event data is nested too deeply');
  if (Buffer.byteLength(text) > config.maxEventBytes) return reject('The event data is too large');
  const from = userId === undefined ? {} : { user_id: String(userId) };
  watch.clientEvent(socket.app, name, { event, data: text, socket_id: socket.id, ...from });
  return bus.publish([
    {
      appId: socket.app.id,
      channel: name,
      event,
      data: text,
      exceptSocketId: socket.id,
      ...(userId === undefined ? {} : { userId }),
    },
  ]);
}

/** `undefined` for data nested too deeply to serialize: parsing allows more depth. */
function textOf(data: unknown): string | undefined {
  if (typeof data === 'string') return data;
  try {
    return JSON.stringify(data ?? null);
  } catch {
    // Nested too deeply: the client receives an error frame.
    return undefined;
  }
}
