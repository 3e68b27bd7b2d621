import { type ClientFrame, closeCodes } from '@mevrik/protocol';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';

/** Passes a `client-…` event on to the other members of a private or presence channel, as far as it may be. */
export function relayClientEvent(
  { bus, config, watch }: ClientFrameDeps,
  socket: ClientSocket,
  { event, channel: name, data }: ClientFrame,
): void | Promise<void> {
  const reject = (message: string) => socket.complain(message, closeCodes.clientEventRejected);
  if (!socket.app.settings.realtime.clientEvents)
    return reject('Client events are not switched on for this app');
  const subscription = name === undefined ? undefined : socket.channels.get(name);
  if (name === undefined || !subscription) return reject('You are not subscribed to that channel');
  const { channel, userId } = subscription;
  if ((channel.kind !== 'private' && channel.kind !== 'presence') || channel.isEncrypted) {
    return reject('Client events are for private and presence channels');
  }
  if (!socket.clientEvents.take()) return reject('Too many client events');
  const text = textOf(data);
  if (text === undefined) return reject('The data of the event is nested too deeply');
  if (Buffer.byteLength(text) > config.maxEventBytes) return reject('The data of the event is too large');
  const from = userId === undefined ? {} : { user_id: userId };
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

/** `undefined` for what is nested more deeply than can be written: reading goes deeper. */
function textOf(data: unknown): string | undefined {
  if (typeof data === 'string') return data;
  try {
    return JSON.stringify(data ?? null);
  } catch {
    return undefined;
  }
}
