import { closeCodes, type PusherChannel, userOnlineChannelName } from '@mevrik/protocol';
import type { ChannelMessage } from '../bus/broadcast-message.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';

/** How many users one connection may watch, as with Pusher. */
const maxWatched = 100;

/**
 * Tells who watches a user that they came or went. A user is online while any connection on any node has signed in as
 * them: a presence channel of our own, one for each user, that nobody can subscribe to by name.
 */
export function tellWatchers(appId: number, userId: string, name: 'online' | 'offline'): ChannelMessage {
  return {
    appId,
    channel: userOnlineChannelName(userId),
    event: 'pusher_internal:watchlist_events',
    data: JSON.stringify({ events: [{ name, user_ids: [userId] }] }),
  };
}

/** A connection's user has signed in on it. */
export async function comeOnline(
  parts: ClientFrameDeps,
  socket: ClientSocket,
  userId: string,
): Promise<void> {
  const { bus } = parts;
  const joined = await bus.presence.join(placeOf(socket, userId), { user_id: userId }, 1);
  if (!joined.full && joined.isNew) await bus.publish([tellWatchers(socket.app.id, userId, 'online')]);
  // The connection ended meanwhile, and was left before it was entered: leaving twice does no harm.
  if (!socket.isOpen) await goOffline(parts, socket, userId);
}

/** A connection on which somebody had signed in has ended. */
export async function goOffline(
  { bus }: ClientFrameDeps,
  socket: ClientSocket,
  userId: string,
): Promise<void> {
  const gone = await bus.presence.leave(placeOf(socket, userId));
  if (gone !== undefined) await bus.publish([tellWatchers(socket.app.id, userId, 'offline')]);
}

/** Tells a connection which of these users are online, and from then on when that changes. */
export async function watch(
  { bus, hub }: ClientFrameDeps,
  socket: ClientSocket,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length > maxWatched) {
    socket.complain(`A watchlist may name ${maxWatched} users`, closeCodes.watchlistTooLong);
    return;
  }
  if (userIds.length === 0) return;
  const appId = socket.app.id;
  socket.watched ??= new Set();
  const { watched } = socket;
  const channels = userIds.map(channelOf).filter(({ name }) => !watched.has(name));
  for (const { name } of channels) watched.add(name);
  await Promise.all(channels.map((channel) => hub.subscribe(appId, channel, socket)));
  const members = await Promise.all(userIds.map((id) => bus.presence.members(appId, channelOf(id).name)));
  const inState = (isOnline: boolean) => userIds.filter((_, at) => (members[at]?.size ?? 0) > 0 === isOnline);
  const events = [
    { name: 'online', user_ids: inState(true) },
    { name: 'offline', user_ids: inState(false) },
  ].filter(({ user_ids }) => user_ids.length > 0);
  if (events.length > 0) socket.tell('pusher_internal:watchlist_events', { events });
  for (const { name } of channels) hub.confirm(appId, name, socket);
  if (!socket.isOpen) unwatch({ hub }, socket);
}

/** Ends what a connection watches. */
export function unwatch({ hub }: Pick<ClientFrameDeps, 'hub'>, socket: ClientSocket): void {
  for (const name of socket.watched ?? []) hub.unsubscribe(socket.app.id, name, socket);
}

function placeOf(socket: ClientSocket, userId: string) {
  return { appId: socket.app.id, channel: userOnlineChannelName(userId), socketId: socket.id };
}

function channelOf(userId: string): PusherChannel {
  const name = userOnlineChannelName(userId);
  return { name, kind: 'user', topic: name, isCache: false, isEncrypted: false };
}
