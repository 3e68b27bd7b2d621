import type { PresenceMember, UserId } from '@mevrik/protocol';
import type { RedisLink } from '../../redis/redis-link.ts';
import { hashTagOf } from '../../redis/slot.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import type { PusherMessage } from './broadcast-message.ts';
import {
  connectionKey,
  createLocalPresence,
  type Joined,
  type MemberChange,
  type MemberList,
  type Presence,
  type PresenceChannel,
  type PresenceConnection,
  type PresenceEntry,
} from './presence.ts';
import {
  enterHash,
  leaveHash,
  type MemberPublication,
  readHash,
  readNode,
  readUser,
  renewHash,
} from './presence-hash.ts';
import { presenceMessage } from './presence-message.ts';
import { PresenceNodes } from './presence-nodes.ts';

/** What presence over Redis depends on. */
export interface RedisPresenceDeps {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** The name of this node. */
  readonly node: string;
  /** Interval of this node's heartbeat; after three missed ones the others remove its members. */
  readonly heartbeatMs: number;
  /** The name under which changes of a channel's members are published. */
  readonly nameOf: (channel: PresenceChannel) => string;
  /** The text by which Redis itself announces a change, in the order in which it decides. */
  readonly publicationOf: (message: PusherMessage) => MemberPublication;
  /** Redis has announced a change: this node's clients must receive it even if this node does not. */
  readonly onPublished: (message: PusherMessage) => void;
  /** Announces a change that Redis could not decide. */
  readonly publish: (message: PusherMessage) => void;
}

/** Maximum number of channels with leaves that could not be written to Redis. */
const maxOverdue = 100_000;
const missedBeats = 3;
/** A channel is renewed every fourth heartbeat, in batches. */
const renewedEvery = 4;
const renewedAtOnce = 500;

/**
 * Presence over all nodes. Each node keeps a list of its channels in Redis, so that others can remove its members when
 * it has died. While Redis is unavailable, each node knows its own members only.
 */
export class RedisPresence implements Presence {
  readonly #deps: RedisPresenceDeps;
  readonly #local = createLocalPresence();
  readonly #overdue = new Map<string, Set<string>>();
  /** Connections whose first entry is under way: they are not missing. */
  readonly #joining = new Set<string>();
  readonly #heart: NodeJS.Timeout;
  #observer: (change: MemberChange) => void = () => {};
  readonly #nodes: PresenceNodes;
  #beats = 0;
  /** Time of this node's last heartbeat by the clock of Redis. */
  #beatAt = 0;
  #beating: Promise<void> | undefined;

  constructor(deps: RedisPresenceDeps) {
    this.#deps = deps;
    this.#nodes = new PresenceNodes({ ...deps, expiryMs: this.#expiryMs });
    this.#heart = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined;
      });
    }, deps.heartbeatMs).unref();
  }

  observe(observer: (change: MemberChange) => void): void {
    this.#observer = observer;
  }

  async join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Promise<Joined> {
    const here = this.#local.join(connection, member, maxMembers);
    if (here.full) return here;
    const id = connectionKey(connection);
    this.#joining.add(id);
    const message = presenceMessage('member_added', connection, member);
    // Without Redis the members on this node count; `restore` enters them when it is back.
    const everywhere = await this.#enter(connection, member, maxMembers, message).catch(() => undefined);
    this.#joining.delete(id);
    if (everywhere === undefined) {
      if (here.isNew) this.#deps.publish(message);
      return here;
    }
    if (everywhere) return { full: false, ...everywhere };
    this.#local.leave(connection);
    return { full: true };
  }

  async leave(connection: PresenceConnection): Promise<UserId | undefined> {
    const known = this.#local.userOf(connection);
    const goneHere = this.#local.leave(connection);
    const key = this.#keyOf(connection);
    const field = this.#fieldOf(connection);
    let gone: UserId | undefined;
    try {
      // It may have left while it was joining, and have been entered since.
      const userId = known ?? (await readUser(this.#deps.link, key, field));
      if (userId !== undefined) [gone] = await this.#leaveAll(connection, [{ field, userId }]);
    } catch {
      // Redis learns of it when it answers again.
      const overdue = this.#overdue.get(key) ?? new Set();
      if (this.#overdue.size < maxOverdue) this.#overdue.set(key, overdue.add(field));
      if (goneHere !== undefined) {
        this.#deps.publish(presenceMessage('member_removed', connection, { user_id: goneHere }));
      }
      return goneHere;
    }
    if (this.#local.members(connection.appId, connection.channel).size === 0) {
      await this.#unlist(connection).catch(() => {
        // An empty channel on the list does no harm.
      });
    }
    return gone;
  }

  async members(appId: number, channel: string): Promise<MemberList> {
    try {
      return await readHash(this.#deps.link, this.#keyOf({ appId, channel }));
    } catch {
      // Without Redis, the members are those of this node.
      return { members: this.#local.members(appId, channel), at: 0 };
    }
  }

  /** Writes this node's members again after Redis was unavailable. */
  async restore(): Promise<void> {
    await this.#nodes.beat();
    await this.#renewAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#heart);
    await this.#beating;
    if (!this.#deps.link.isReady) return;
    await this.#nodes.stop().catch(() => {
      // The heartbeat expires anyway; this only speeds it up.
    });
  }

  async #beat(): Promise<void> {
    if (!this.#deps.link.isReady) return;
    this.#beats += 1;
    const lastBeatAt = this.#beatAt;
    // A lost shard of a cluster must not keep the others from being renewed.
    await this.#runLogged(async () => {
      const { isKnown, at } = await this.#nodes.beat();
      this.#beatAt = at;
      // Another node considered this one dead and removed its members.
      if (!isKnown) await this.#renewAll();
    });
    await this.#runLogged(() => this.#catchUp());
    await this.#renewSome();
    await this.#runLogged(() => this.#removeDeadNodes(lastBeatAt));
  }

  async #runLogged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'failed to renew presence');
    }
  }

  /** Writes to Redis the leaves that happened while it was unavailable. */
  async #catchUp(): Promise<void> {
    for (const [key, fields] of this.#overdue) {
      const leaving = [...fields].map((field) => ({ field, publication: undefined }));
      await leaveHash(this.#deps.link, key, leaving);
      this.#overdue.delete(key);
    }
  }

  /** Renews all of this node's channels. Rejects when Redis does not answer. */
  async #renewAll(): Promise<void> {
    for (const entries of this.#channels()) await this.#renewChannel(entries);
  }

  /** Renews some of this node's channels with each heartbeat. */
  async #renewSome(): Promise<void> {
    const due = this.#channels().filter((_, at) => (at + this.#beats) % renewedEvery === 0);
    for (let at = 0; at < due.length; at += renewedAtOnce) {
      const some = due.slice(at, at + renewedAtOnce);
      await this.#runLogged(async () => {
        await Promise.all(some.map((entries) => this.#renewChannel(entries)));
      });
    }
  }

  /** This node's members by channel, without those that are joining. */
  #channels(): PresenceEntry[][] {
    const isEntered = ([connection]: PresenceEntry) => !this.#joining.has(connectionKey(connection));
    return [...this.#local.channels()].map((entries) => entries.filter(isEntered));
  }

  /**
   * Renews what Redis knows of this node's members of a channel, and adds those that are missing. They are announced if
   * another node announced their removal; otherwise Redis lost them, and to the clients they were never gone.
   */
  async #renewChannel(entries: readonly PresenceEntry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    const [channel] = first;
    await this.#nodes.list(channel);
    const fields = entries.map(([connection]) => this.#fieldOf(connection));
    const missing = new Set(await renewHash(this.#deps.link, this.#keyOf(channel), fields, this.#expiryMs));
    if (missing.size === 0) return;
    const shouldNotify = await this.#nodes.wasRemoved(channel);
    for (const [connection, member] of entries) {
      if (missing.has(this.#fieldOf(connection))) await this.#enterAgain(connection, member, shouldNotify);
    }
    if (shouldNotify) await this.#nodes.forgetRemoval(channel);
  }

  async #enterAgain(
    connection: PresenceConnection,
    member: PresenceMember,
    shouldNotify: boolean,
  ): Promise<void> {
    if (this.#local.userOf(connection) === undefined) return;
    const { appId, channel } = connection;
    const message = shouldNotify ? presenceMessage('member_added', { appId, channel }, member) : undefined;
    const entered = await this.#enter(connection, member, Number.MAX_SAFE_INTEGER, message);
    if (this.#local.userOf(connection) === undefined) {
      // It left while it was being entered.
      await this.leave(connection);
      return;
    }
    if (!entered?.isNew) return;
    this.#observer({ appId, channel, userId: member.user_id, isPresent: true, shouldNotify });
  }

  /**
   * Removes the members of nodes without a heartbeat. Several nodes may do so: one of them observes each member. The time
   * since our own last heartbeat does not count against them: Redis did not answer, or the machine was suspended.
   */
  async #removeDeadNodes(lastBeatAt: number): Promise<void> {
    const since = lastBeatAt - this.#deps.heartbeatMs * (missedBeats - 1);
    if (since <= 0) return;
    for (const dead of await this.#nodes.silentSince(since)) {
      for (const channel of await this.#nodes.listed(dead)) {
        await this.#removeNodeMembers(dead, channel);
        await this.#nodes.unlist(channel, dead);
      }
      await this.#nodes.remove(dead);
    }
  }

  async #removeNodeMembers(dead: string, at: PresenceChannel): Promise<void> {
    const connections = await readNode(this.#deps.link, this.#keyOf(at), dead);
    if (connections.length === 0) return;
    // Noted first: if that node is alive after all, it announces that its members are back.
    await this.#nodes.noteRemoval(dead, at);
    for (const userId of await this.#leaveAll(at, connections)) {
      this.#observer({ ...at, userId, isPresent: false, shouldNotify: true });
    }
  }

  /** Removes connections of a channel. Resolves to the users whose last connection left, which Redis has announced. */
  async #leaveAll(
    at: PresenceChannel,
    connections: readonly { readonly field: string; readonly userId: UserId }[],
  ): Promise<UserId[]> {
    const { link, publicationOf, onPublished } = this.#deps;
    const { appId, channel } = at;
    const messageOf = (user_id: UserId) => presenceMessage('member_removed', { appId, channel }, { user_id });
    const leaving = connections.map(({ field, userId }) => ({
      field,
      publication: publicationOf(messageOf(userId)),
    }));
    const gone = await leaveHash(link, this.#keyOf(at), leaving);
    for (const { userId, order } of gone) onPublished({ ...messageOf(userId), order });
    return gone.map(({ userId }) => userId);
  }

  async #enter(
    connection: PresenceConnection,
    member: PresenceMember,
    maxMembers: number,
    message: PusherMessage | undefined,
  ) {
    const { link, publicationOf, onPublished } = this.#deps;
    const [key, field] = [this.#keyOf(connection), this.#fieldOf(connection)];
    // Listed first: if this node dies in between, its members must be found.
    await this.#nodes.list(connection);
    const publication = message && publicationOf(message);
    const entered = await enterHash(link, {
      key,
      field,
      member,
      maxMembers,
      expiryMs: this.#expiryMs,
      publication,
    });
    if (message && entered?.isNew) onPublished({ ...message, order: entered.at });
    return entered;
  }

  async #unlist(connection: PresenceConnection): Promise<void> {
    await this.#nodes.unlist(connection);
    // A member may have joined meanwhile.
    if (this.#local.members(connection.appId, connection.channel).size > 0)
      await this.#nodes.list(connection);
  }

  /** Longer than a node may be silent, so that its members are announced as gone before the hash expires. */
  get #expiryMs(): number {
    return this.#deps.heartbeatMs * missedBeats * 4;
  }

  #keyOf({ appId, channel }: PresenceChannel): string {
    // Its changes are published by scripts, which in a cluster reach only one slot.
    const { prefix, nameOf } = this.#deps;
    return `${prefix}:presence:{${hashTagOf(nameOf({ appId, channel }))}}:${channel}`;
  }

  #fieldOf({ socketId }: PresenceConnection): string {
    return `${this.#deps.node}/${socketId}`;
  }
}
