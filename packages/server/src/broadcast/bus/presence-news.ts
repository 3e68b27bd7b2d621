import { type PresenceMember, userOfOnlineChannel } from '@mevrik/protocol';
import { tellWatchers } from '../sockets/watchlist.ts';
import type { ChannelMessage } from './broadcast-message.ts';

/** What those who stay on a presence channel are told of one who came, or left with the node that it was on. */
export function presenceNews(
  change: 'member_added' | 'member_removed',
  { appId, channel }: { readonly appId: number; readonly channel: string },
  member: Partial<PresenceMember>,
): ChannelMessage {
  const user = userOfOnlineChannel(channel);
  if (user !== undefined) return tellWatchers(appId, user, change === 'member_added' ? 'online' : 'offline');
  return { appId, channel, event: `pusher_internal:${change}`, data: JSON.stringify(member) };
}
