import type { PresenceMember } from '@mevrik/protocol';
import { keyOf } from './topic-key.ts';

/** Who is on a presence channel: the user's id, and what is told of them. */
export type Members = ReadonlyMap<string, unknown>;

/** A connection on a presence channel. */
export interface PresencePlace {
  readonly appId: number;
  readonly channel: string;
  readonly socketId: string;
}

/** A presence channel of an app. */
export type Whereabouts = Pick<PresencePlace, 'appId' | 'channel'>;

/** Somebody is on a presence channel, or no longer, without a connection of this node having done that. */
export interface MemberChange extends Whereabouts {
  readonly userId: string;
  readonly isHere: boolean;
  /** `false` where what is shared was lost and is made good. */
  readonly isNews: boolean;
}

/** What came of joining. `isNew`: this user was not there before. `full`: the channel takes no further user. */
export type Joined =
  | { readonly full: true }
  | { readonly full: false; readonly isNew: boolean; readonly members: Members };

/** Knows who is on which presence channel. A user may be there with several connections and counts once. */
export interface Presence {
  join(place: PresencePlace, member: PresenceMember, maxMembers: number): Promise<Joined>;
  /** Removes a connection. Gives the user's id when that was their last one. */
  leave(place: PresencePlace): Promise<string | undefined>;
  members(appId: number, channel: string): Promise<Members>;
  /** Registers who learns of members that were lost, or found again, with a node; one only. */
  observe(observer: (change: MemberChange) => void): void;
}

/** What this process knows of presence by itself, told at once. */
export interface LocalPresence {
  join(place: PresencePlace, member: PresenceMember, maxMembers: number): Joined;
  leave(place: PresencePlace): string | undefined;
  members(appId: number, channel: string): Members;
  /** All connections, with who they are. */
  entries(): Iterable<readonly [PresencePlace, PresenceMember]>;
}

/** Presence of the connections of this process. */
export function createLocalPresence(): LocalPresence {
  const channels = new Map<string, Map<string, readonly [PresencePlace, PresenceMember]>>();

  const membersOf = (key: string): Members =>
    new Map([...(channels.get(key)?.values() ?? [])].map(([, member]) => [member.user_id, member.user_info]));

  return {
    join(place, member, maxMembers) {
      const key = keyOf(place.appId, place.channel);
      const before = membersOf(key);
      const isNew = !before.has(member.user_id);
      if (isNew && before.size >= maxMembers) return { full: true };
      const connections = channels.get(key) ?? new Map();
      channels.set(key, connections.set(place.socketId, [place, member]));
      return { full: false, isNew, members: membersOf(key) };
    },
    leave({ appId, channel, socketId }) {
      const key = keyOf(appId, channel);
      const connections = channels.get(key);
      const entry = connections?.get(socketId);
      if (!connections || !entry) return undefined;
      connections.delete(socketId);
      if (connections.size === 0) channels.delete(key);
      const [, { user_id }] = entry;
      return membersOf(key).has(user_id) ? undefined : user_id;
    },
    members: (appId, channel) => membersOf(keyOf(appId, channel)),
    *entries() {
      for (const connections of channels.values()) yield* connections.values();
    },
  };
}

/** Presence for a single process. */
export function createProcessPresence(): Presence {
  const local = createLocalPresence();
  return {
    join: async (place, member, maxMembers) => local.join(place, member, maxMembers),
    leave: async (place) => local.leave(place),
    members: async (appId, channel) => local.members(appId, channel),
    // A process that ends takes its back end's register along.
    observe() {},
  };
}
