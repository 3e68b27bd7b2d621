import type { PresenceMember } from '@mevrik/protocol';
import { keyOf } from './topic-key.ts';

/** The members of a presence channel: user id → user info. */
export type PresenceMembers = ReadonlyMap<string, unknown>;

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
  | { readonly full: false; readonly isNew: boolean; readonly members: PresenceMembers };

/** The members of presence channels. A user with several connections counts once. */
export interface Presence {
  join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Promise<Joined>;
  /** Removes a connection. Resolves to the user's id when it was their last one. */
  leave(connection: PresenceConnection): Promise<string | undefined>;
  members(appId: number, channel: string): Promise<PresenceMembers>;
  /** Registers the observer of members lost or restored with a node; one only. */
  observe(observer: (change: MemberChange) => void): void;
}

/** The presence of this process alone, synchronous. */
export interface LocalPresence {
  join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Joined;
  leave(connection: PresenceConnection): string | undefined;
  members(appId: number, channel: string): PresenceMembers;
  /** Whether the connection is a member. */
  has(connection: PresenceConnection): boolean;
  /** All connections with their members. */
  entries(): Iterable<readonly [PresenceConnection, PresenceMember]>;
}

/** Presence of the connections of this process. */
export function createLocalPresence(): LocalPresence {
  const channels = new Map<string, Map<string, readonly [PresenceConnection, PresenceMember]>>();

  const membersOf = (key: string): PresenceMembers =>
    new Map([...(channels.get(key)?.values() ?? [])].map(([, member]) => [member.user_id, member.user_info]));

  return {
    join(connection, member, maxMembers) {
      const key = keyOf(connection.appId, connection.channel);
      const before = membersOf(key);
      const isNew = !before.has(member.user_id);
      if (isNew && before.size >= maxMembers) return { full: true };
      const connections = channels.get(key) ?? new Map();
      channels.set(key, connections.set(connection.socketId, [connection, member]));
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
    has: ({ appId, channel, socketId }) => channels.get(keyOf(appId, channel))?.has(socketId) ?? false,
    *entries() {
      for (const connections of channels.values()) yield* connections.values();
    },
  };
}

/** Presence for a single process. */
export function createProcessPresence(): Presence {
  const local = createLocalPresence();
  return {
    join: async (connection, member, maxMembers) => local.join(connection, member, maxMembers),
    leave: async (connection) => local.leave(connection),
    members: async (appId, channel) => local.members(appId, channel),
    // There are no other nodes whose members could be lost.
    observe() {},
  };
}
