import { type PresenceMember, userOfOnlineChannel, userOnlineChannelName } from '@mevrik/protocol';
import type { PusherMessage } from './broadcast-message.ts';

/** A channel whose members change, and the connection by which they do. */
interface ChangedChannel {
  readonly appId: number;
  readonly channel: string;
  readonly socketId?: string;
}

/**
 * Makes the message that announces a presence change to the members of a channel, other than the connection itself. For
 * the internal channel of a watched user it is a watchlist event.
 */
export function presenceMessage(
  change: 'member_added' | 'member_removed',
  { appId, channel, socketId }: ChangedChannel,
  member: Partial<PresenceMember>,
): PusherMessage {
  const user = userOfOnlineChannel(channel);
  if (user !== undefined) {
    return watchlistMessage(appId, user, change === 'member_added' ? 'online' : 'offline');
  }
  return {
    appId,
    channel,
    event: `pusher_internal:${change}`,
    data: JSON.stringify(member),
    ...(socketId === undefined ? {} : { exceptSocketId: socketId }),
  };
}

/**
 * Makes the message that notifies a user's watchers that the user came online or went offline. A user is online while
 * any connection on any node is signed in as that user: an internal presence channel per user, which clients cannot
 * subscribe to by name.
 */
export function watchlistMessage(appId: number, userId: string, name: 'online' | 'offline'): PusherMessage {
  return {
    appId,
    channel: userOnlineChannelName(userId),
    event: 'pusher_internal:watchlist_events',
    data: JSON.stringify({ events: [{ name, user_ids: [userId] }] }),
  };
}
