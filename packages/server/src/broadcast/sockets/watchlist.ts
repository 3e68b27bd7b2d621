import { closeCodes, type PusherChannel, userOnlineChannelName } from '@mevrik/protocol';
import type { MemberList } from '../bus/presence.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';

/** Maximum number of users on one connection's watchlist, as with Pusher. */
const maxWatched = 100;

/** Records that a connection's user is online, which is announced to those who watch the user. */
export async function markOnline(deps: ClientFrameDeps, socket: ClientSocket, userId: string): Promise<void> {
  await deps.bus.presence.join(onlineConnectionOf(socket, userId), { user_id: userId }, 1);
  // The connection closed meanwhile, before this join: leaving twice is harmless.
  if (!socket.isOpen) await markOffline(deps, socket, userId);
}

/** Records that a signed-in connection has closed. */
export async function markOffline(
  { bus }: ClientFrameDeps,
  socket: ClientSocket,
  userId: string,
): Promise<void> {
  await bus.presence.leave(onlineConnectionOf(socket, userId));
}

/** Sends a connection which of these users are online now, and subscribes it to changes. */
export async function watch(
  { bus, hub }: ClientFrameDeps,
  socket: ClientSocket,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length > maxWatched) {
    socket.sendError(`A watchlist is limited to ${maxWatched} users`, closeCodes.watchlistTooLong);
    return;
  }
  if (userIds.length === 0) return;
  const appId = socket.app.id;
  socket.watched ??= new Set();
  const { watched } = socket;
  const channels = userIds.map(channelOf).filter(({ name }) => !watched.has(name));
  for (const { name } of channels) watched.add(name);
  await Promise.all(channels.map((channel) => hub.subscribe(appId, channel, socket)));
  const lists = new Map<string, MemberList>();
  await Promise.all(
    userIds.map(async (id) => lists.set(id, await bus.presence.members(appId, channelOf(id).name))),
  );
  const inState = (isOnline: boolean) =>
    userIds.filter((id) => (lists.get(id)?.members.size ?? 0) > 0 === isOnline);
  const events = [
    { name: 'online', user_ids: inState(true) },
    { name: 'offline', user_ids: inState(false) },
  ].filter(({ user_ids }) => user_ids.length > 0);
  if (events.length > 0) socket.sendEvent('pusher_internal:watchlist_events', { events });
  for (const id of userIds) hub.confirm(appId, channelOf(id).name, socket, lists.get(id)?.at);
  if (!socket.isOpen) unwatch({ hub }, socket);
}

/** Unsubscribes a connection from its watchlist. */
export function unwatch({ hub }: Pick<ClientFrameDeps, 'hub'>, socket: ClientSocket): void {
  for (const name of socket.watched ?? []) hub.unsubscribe(socket.app.id, name, socket);
}

function onlineConnectionOf(socket: ClientSocket, userId: string) {
  return { appId: socket.app.id, channel: userOnlineChannelName(userId), socketId: socket.id };
}

function channelOf(userId: string): PusherChannel {
  const name = userOnlineChannelName(userId);
  return { name, kind: 'user', topic: name, isCache: false, isEncrypted: false };
}
