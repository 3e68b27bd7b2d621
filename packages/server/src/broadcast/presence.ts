import type { PresenceMember } from '@mevrik/protocol';
import { keyOf } from './hub.ts';

/** Who is on a presence channel: the user's id, and what is told of them. */
export type Members = ReadonlyMap<string, unknown>;

/** Where a connection stands on a presence channel. */
export interface PresencePlace {
  readonly appId: number;
  readonly channel: string;
  readonly socketId: string;
}

/** Knows who is on which presence channel. A user may be there with several connections and counts once. */
export interface Presence {
  /** Adds a connection. `isNew`: this user was not there before. `full`: the channel takes no further user. */
  join(
    place: PresencePlace,
    member: PresenceMember,
  ): Promise<
    { readonly full: true } | { readonly full: false; readonly isNew: boolean; readonly members: Members }
  >;
  /** Removes a connection. Gives the user's id when that was their last one. */
  leave(place: PresencePlace): Promise<string | undefined>;
  members(appId: number, channel: string): Promise<Members>;
  stop(): Promise<void>;
}

/** Presence for a single process. */
export function createLocalPresence(maxMembers: number): Presence {
  const channels = new Map<string, Map<string, PresenceMember>>();

  const membersOf = (key: string): Members =>
    new Map([...(channels.get(key)?.values() ?? [])].map((member) => [member.user_id, member.user_info]));

  return {
    async join({ appId, channel, socketId }, member) {
      const key = keyOf(appId, channel);
      const before = membersOf(key);
      const isNew = !before.has(member.user_id);
      if (isNew && before.size >= maxMembers) return { full: true };
      const connections = channels.get(key) ?? new Map<string, PresenceMember>();
      channels.set(key, connections.set(socketId, member));
      return { full: false, isNew, members: membersOf(key) };
    },
    async leave({ appId, channel, socketId }) {
      const key = keyOf(appId, channel);
      const connections = channels.get(key);
      const member = connections?.get(socketId);
      if (!connections || !member) return undefined;
      connections.delete(socketId);
      if (connections.size === 0) channels.delete(key);
      return membersOf(key).has(member.user_id) ? undefined : member.user_id;
    },
    async members(appId, channel) {
      return membersOf(keyOf(appId, channel));
    },
    async stop() {
      channels.clear();
    },
  };
}
