import { type PresenceMember, userOfOnlineChannel, userOnlineChannelName } from '@mevrik/protocol';
import type { PusherMessage } from './broadcast-message.ts';
import type { PresenceChannel } from './presence.ts';

/**
 * Makes the message that announces a presence change to the remaining members of a channel. For the internal channel
 * of a watched user it is a watchlist event.
 */
export function presenceMessage(
  change: 'member_added' | 'member_removed',
  { appId, channel }: PresenceChannel,
  member: Partial<PresenceMember>,
): PusherMessage {
  const user = userOfOnlineChannel(channel);
  if (user !== undefined) {
    return watchlistMessage(appId, user, change === 'member_added' ? 'online' : 'offline');
  }
  return { appId, channel, event: `pusher_internal:${change}`, data: JSON.stringify(member) };
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
