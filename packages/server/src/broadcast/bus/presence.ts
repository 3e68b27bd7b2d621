import type { PresenceMember, UserId } from '@mevrik/protocol';
import type { PusherMessage } from './broadcast-message.ts';
import { presenceMessage } from './presence-message.ts';
import { keyOf } from './topic-key.ts';

/** A member as others see it. */
export interface ListedMember {
  /** As the app's back end wrote it. */
  readonly id: UserId;
  /** `null` without one. */
  readonly info: unknown;
}

/** The members of a presence channel, by their ids as text. */
export type PresenceMembers = ReadonlyMap<string, ListedMember>;

/** The members of a presence channel at a moment. */
export interface MemberList {
  readonly members: PresenceMembers;
  /** The order of the last change that the list includes; 0 if that is unknown. */
  readonly at: number;
}

/** A connection on a presence channel. */
export interface PresenceConnection {
  readonly appId: number;
  readonly channel: string;
  readonly socketId: string;
}

/** A connection on a presence channel as a key of maps. */
export function connectionKey({ appId, channel, socketId }: PresenceConnection): string {
  return `${socketId} ${keyOf(appId, channel)}`;
}

/** A presence channel of an app. */
export type PresenceChannel = Pick<PresenceConnection, 'appId' | 'channel'>;

/** A member joined or left a presence channel without an action of this node's connections. */
export interface MemberChange extends PresenceChannel {
  readonly userId: string;
  readonly isPresent: boolean;
  /** `false` when lost shared state is being restored. */
  readonly shouldNotify: boolean;
}

/** The result of joining. `isNew`: the user was not a member before. `full`: the channel is at its limit. */
export type Joined =
  | { readonly full: true }
  | ({ readonly full: false; readonly isNew: boolean } & MemberList);

/**
 * The members of presence channels. A user with several connections counts once. Changes are decided and announced to
 * the channel in one order, whichever nodes they happen on, so that a user's arrivals and departures alternate.
 */
export interface Presence {
  join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Promise<Joined>;
  /** Removes a connection. Resolves to the user's id when it was their last one. */
  leave(connection: PresenceConnection): Promise<string | undefined>;
  members(appId: number, channel: string): Promise<MemberList>;
  /** Registers the observer of members lost or restored with a node; one only. */
  observe(observer: (change: MemberChange) => void): void;
}

/** A connection and its member. */
export type PresenceEntry = readonly [PresenceConnection, PresenceMember];

/** The presence of this process alone, synchronous. */
export interface LocalPresence {
  /** The list's order is unknown. */
  join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Joined;
  leave(connection: PresenceConnection): string | undefined;
  members(appId: number, channel: string): PresenceMembers;
  /** The user of a connection, if it is a member. */
  userOf(connection: PresenceConnection): UserId | undefined;
  /** The connections of each channel, with their members. */
  channels(): Iterable<readonly PresenceEntry[]>;
}

/** Presence of the connections of this process. */
export function createLocalPresence(): LocalPresence {
  const channels = new Map<string, Map<string, PresenceEntry>>();

  const membersOf = (key: string): PresenceMembers =>
    new Map(
      [...(channels.get(key)?.values() ?? [])].map(([, { user_id: id, user_info: info = null }]) => [
        String(id),
        { id, info },
      ]),
    );

  return {
    join(connection, member, maxMembers) {
      const key = keyOf(connection.appId, connection.channel);
      const before = membersOf(key);
      const isNew = !before.has(String(member.user_id));
      if (isNew && before.size >= maxMembers) return { full: true };
      const connections = channels.get(key) ?? new Map();
      channels.set(key, connections.set(connection.socketId, [connection, member]));
      return { full: false, isNew, members: membersOf(key), at: 0 };
    },
    leave({ appId, channel, socketId }) {
      const key = keyOf(appId, channel);
      const connections = channels.get(key);
      const entry = connections?.get(socketId);
      if (!connections || !entry) return undefined;
      connections.delete(socketId);
      if (connections.size === 0) channels.delete(key);
      const userId = String(entry[1].user_id);
      return membersOf(key).has(userId) ? undefined : userId;
    },
    members: (appId, channel) => membersOf(keyOf(appId, channel)),
    userOf: ({ appId, channel, socketId }) => channels.get(keyOf(appId, channel))?.get(socketId)?.[1].user_id,
    *channels() {
      for (const connections of channels.values()) yield [...connections.values()];
    },
  };
}

/** Presence for a single process. `announce` sends to the subscribers of a channel, in the order of its calls. */
export function createProcessPresence(announce: (message: PusherMessage) => void): Presence {
  const local = createLocalPresence();
  let order = 0;
  const announceNext = (message: PusherMessage) => {
    order += 1;
    announce({ ...message, order });
  };
  return {
    async join(connection, member, maxMembers) {
      const joined = local.join(connection, member, maxMembers);
      if (joined.full) return joined;
      if (joined.isNew) announceNext(presenceMessage('member_added', connection, member));
      return { ...joined, at: order };
    },
    async leave(connection) {
      const user_id = local.userOf(connection);
      const gone = local.leave(connection);
      if (gone !== undefined && user_id !== undefined) {
        announceNext(presenceMessage('member_removed', connection, { user_id }));
      }
      return gone;
    },
    members: async (appId, channel) => ({ members: local.members(appId, channel), at: order }),
    // There are no other nodes whose members could be lost.
    observe() {},
  };
}
