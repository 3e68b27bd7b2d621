import type { PresenceMember, UserId } from '@mevrik/protocol';
import type { RedisLink } from '../../redis/redis-link.ts';
import { hashTagOf } from '../../redis/slot.ts';
import type { PusherMessage } from './broadcast-message.ts';
import type { MemberList, PresenceChannel, PresenceConnection } from './presence.ts';
import {
  enterHash,
  leaveHash,
  type MemberPublication,
  readHash,
  readNode,
  readUsers,
  renewHash,
} from './presence-hash.ts';
import { presenceMessage } from './presence-message.ts';

/** What the members in Redis depend on. */
export interface RedisMembersDeps {
  readonly link: RedisLink;
  readonly prefix: string;
  /** The name of this node. */
  readonly node: string;
  /** The members of a channel expire when no node renews them for this long. */
  readonly expiryMs: number;
  /** The name under which changes of a channel's members are published. */
  readonly nameOf: (channel: PresenceChannel) => string;
  /** The text by which Redis itself announces a change, in the order in which it decides. */
  readonly publicationOf: (message: PusherMessage) => MemberPublication;
  /** Redis has announced a change: this node's clients must receive it even if this node does not. */
  readonly onPublished: (message: PusherMessage) => void;
}

/** A connection of some node, as a field of a channel's hash. */
export interface MemberField {
  readonly field: string;
  /** `undefined`: as Redis knows it. */
  readonly userId: UserId | undefined;
}

/** The members of channels in Redis, which announces their changes. The methods reject when Redis does not answer. */
export class RedisMembers {
  readonly #deps: RedisMembersDeps;

  constructor(deps: RedisMembersDeps) {
    this.#deps = deps;
  }

  /** Adds a connection of this node; announced if it is the user's first. `null` when the channel is full. */
  async enter(
    connection: PresenceConnection,
    member: PresenceMember,
    maxMembers: number,
    message: PusherMessage,
  ): Promise<({ readonly isNew: boolean } & MemberList) | null> {
    const { link, expiryMs, publicationOf, onPublished } = this.#deps;
    const entered = await enterHash(link, {
      key: this.#keyOf(connection),
      field: this.fieldOf(connection),
      member,
      maxMembers,
      expiryMs,
      publication: publicationOf(message),
    });
    if (entered?.isNew) onPublished({ ...message, order: entered.at });
    return entered;
  }

  /**
   * Removes connections. Resolves to the users whose last connection left, which is announced. A connection that Redis
   * has lost counts if its user is given: the clients still see the user.
   */
  async leave({ appId, channel }: PresenceChannel, connections: readonly MemberField[]): Promise<string[]> {
    const { link, publicationOf, onPublished } = this.#deps;
    const key = this.#keyOf({ appId, channel });
    const unknown = connections.filter(({ userId }) => userId === undefined).map(({ field }) => field);
    const users = unknown.length === 0 ? new Map<string, UserId>() : await readUsers(link, key, unknown);
    const messages = new Map<string, PusherMessage>();
    const leaving = [];
    for (const { field, userId: known } of connections) {
      const userId = known ?? users.get(field);
      if (userId === undefined) continue;
      const message = presenceMessage('member_removed', { appId, channel }, { user_id: userId });
      messages.set(String(userId), message);
      leaving.push({ field, known, publication: publicationOf(message) });
    }
    if (leaving.length === 0) return [];
    const gone = await leaveHash(link, key, leaving);
    for (const { userId, order } of gone) {
      const message = messages.get(userId);
      if (message) onPublished({ ...message, order });
    }
    return gone.map(({ userId }) => userId);
  }

  /** Renews a channel's expiry. Resolves to the connections of this node that Redis lacks. */
  async renew(channel: PresenceChannel, connections: readonly PresenceConnection[]): Promise<Set<string>> {
    const fields = connections.map((connection) => this.fieldOf(connection));
    return new Set(await renewHash(this.#deps.link, this.#keyOf(channel), fields, this.#deps.expiryMs));
  }

  /** The members of a channel. */
  list(channel: PresenceChannel): Promise<MemberList> {
    return readHash(this.#deps.link, this.#keyOf(channel));
  }

  /** A node's connections on a channel. */
  ofNode(channel: PresenceChannel, node: string): Promise<readonly string[]> {
    return readNode(this.#deps.link, this.#keyOf(channel), node);
  }

  /** A connection of this node as a field of a channel's hash. */
  fieldOf({ socketId }: PresenceConnection): string {
    return `${this.#deps.node}/${socketId}`;
  }

  /** Changes are published by scripts, which in a cluster reach only one slot: that of the channel's topic. */
  #keyOf({ appId, channel }: PresenceChannel): string {
    const { prefix, nameOf } = this.#deps;
    return `${prefix}:presence:{${hashTagOf(nameOf({ appId, channel }))}}:${channel}`;
  }
}
