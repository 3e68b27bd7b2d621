import type { PresenceMember, UserId } from '@mevrik/protocol';
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
import { presenceMessage } from './presence-message.ts';
import { PresenceNodes } from './presence-nodes.ts';
import { RedisMembers, type RedisMembersDeps } from './redis-members.ts';
import { keyOf } from './topic-key.ts';

/** What presence over Redis depends on. */
export interface RedisPresenceDeps extends Omit<RedisMembersDeps, 'expiryMs'> {
  readonly log: GatewayLog;
  /** Interval of this node's heartbeat; after three missed ones the others remove its members. */
  readonly heartbeatMs: number;
  /** Delivers to this node's clients a change that Redis could not decide: it announces it when it is back. */
  readonly deliver: (message: PusherMessage) => void;
}

/** The leaves of a channel that could not be written to Redis. */
interface Overdue extends PresenceChannel {
  readonly users: Map<string, UserId | undefined>;
}

/** Maximum number of channels with leaves that could not be written to Redis. */
const maxOverdue = 100_000;
const missedBeats = 3;
/** A channel is renewed every fourth heartbeat. */
const renewedEvery = 4;
/** Batch size of work on many channels. */
const channelsAtOnce = 500;

/**
 * Presence over all nodes. Each node keeps a list of its channels in Redis, so that others can remove its members when
 * it has died. While Redis is unavailable, each node knows its own members only.
 */
export class RedisPresence implements Presence {
  readonly #deps: RedisPresenceDeps;
  readonly #local = createLocalPresence();
  readonly #members: RedisMembers;
  readonly #nodes: PresenceNodes;
  /** By channel. */
  readonly #overdue = new Map<string, Overdue>();
  /** Connections whose first entry is under way: they are not missing. */
  readonly #joining = new Set<string>();
  readonly #heart: NodeJS.Timeout;
  #observer: (change: MemberChange) => void = () => {};
  #beats = 0;
  /** Time of this node's last heartbeat by the clock of Redis. */
  #beatAt = 0;
  #isBeating = false;
  #mustRenewAll = false;
  /** The work on many channels, which must not keep the heart from beating. */
  #tending: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: RedisPresenceDeps) {
    // Longer than a node may be silent, so that its members are announced as gone before they expire.
    const expiryMs = deps.heartbeatMs * missedBeats * 4;
    this.#deps = deps;
    this.#members = new RedisMembers({ ...deps, expiryMs });
    this.#nodes = new PresenceNodes({ ...deps, expiryMs });
    this.#heart = setInterval(() => void this.#beat(), deps.heartbeatMs).unref();
  }

  observe(observer: (change: MemberChange) => void): void {
    this.#observer = observer;
  }

  async join(connection: PresenceConnection, member: PresenceMember, maxMembers: number): Promise<Joined> {
    const here = this.#local.join(connection, member, maxMembers);
    if (here.full) return here;
    const id = connectionKey(connection);
    this.#joining.add(id);
    this.#overdueOf(connection)?.users.delete(this.#members.fieldOf(connection));
    const message = presenceMessage('member_added', connection, member);
    // Without Redis the members on this node count; `restore` enters them when it is back.
    const everywhere = await this.#enter(connection, member, maxMembers, message).catch(() => undefined);
    this.#joining.delete(id);
    if (everywhere === undefined) {
      if (here.isNew) this.#deps.deliver(message);
      return here;
    }
    if (everywhere) return { full: false, ...everywhere };
    this.#local.leave(connection);
    return { full: true };
  }

  async leave(connection: PresenceConnection): Promise<string | undefined> {
    const userId = this.#local.userOf(connection);
    const goneHere = this.#local.leave(connection);
    let gone: string | undefined;
    try {
      // It may have left while it was joining, and have been entered since.
      [gone] = await this.#members.leave(connection, [{ field: this.#members.fieldOf(connection), userId }]);
    } catch {
      // Redis learns of it when it answers again.
      this.#recordOverdue(connection, userId);
      if (goneHere !== undefined && userId !== undefined) {
        this.#deps.deliver(presenceMessage('member_removed', connection, { user_id: userId }));
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
      return await this.#members.list({ appId, channel });
    } catch {
      // Without Redis, the members are those of this node.
      return { members: this.#local.members(appId, channel), at: 0 };
    }
  }

  /** Writes to Redis, after it was unavailable, which members of this node have left, and which there are. */
  async restore(): Promise<void> {
    await this.#nodes.beat();
    await this.#catchUp();
    await this.#renew(this.#channels());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#heart);
    await this.#tending;
    if (!this.#deps.link.isReady) return;
    await this.#nodes.stop().catch(() => {
      // The heartbeat expires anyway; this only speeds it up.
    });
  }

  async #beat(): Promise<void> {
    if (!this.#deps.link.isReady || this.#isBeating) return;
    this.#isBeating = true;
    await this.#runLogged(async () => {
      // The time since our own last heartbeat does not count against others: Redis did not answer, or the machine slept.
      const since = this.#beatAt - this.#deps.heartbeatMs * (missedBeats - 1);
      const { isKnown, at } = await this.#nodes.beat();
      this.#beatAt = at;
      this.#beats += 1;
      // Another node considered this one dead and removed its members.
      this.#mustRenewAll ||= !isKnown;
      this.#tending ??= this.#tend(since).finally(() => {
        this.#tending = undefined;
      });
    });
    this.#isBeating = false;
  }

  async #tend(since: number): Promise<void> {
    // A lost shard of a cluster must not keep the others from being renewed.
    await this.#runLogged(() => this.#catchUp());
    const isDue = (_: unknown, at: number) => (at + this.#beats) % renewedEvery === 0;
    const due = this.#mustRenewAll ? this.#channels() : this.#channels().filter(isDue);
    this.#mustRenewAll = false;
    await this.#renew(due);
    if (since > 0) await this.#runLogged(() => this.#removeDeadNodes(since));
  }

  async #runLogged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'failed to renew presence');
    }
  }

  #overdueOf({ appId, channel }: PresenceChannel): Overdue | undefined {
    return this.#overdue.get(keyOf(appId, channel));
  }

  #recordOverdue(connection: PresenceConnection, userId: UserId | undefined): void {
    const { appId, channel } = connection;
    const overdue = this.#overdueOf(connection) ?? { appId, channel, users: new Map() };
    if (this.#overdue.size >= maxOverdue) return;
    const field = this.#members.fieldOf(connection);
    overdue.users.set(field, userId ?? overdue.users.get(field));
    this.#overdue.set(keyOf(appId, channel), overdue);
  }

  /** Writes to Redis the leaves that happened while it was unavailable. */
  async #catchUp(): Promise<void> {
    await this.#inBatches([...this.#overdue], async ([key, overdue]) => {
      const leaving = [...overdue.users].map(([field, userId]) => ({ field, userId }));
      await this.#members.leave(overdue, leaving);
      for (const { field } of leaving) overdue.users.delete(field);
      if (overdue.users.size === 0) this.#overdue.delete(key);
    });
  }

  /** This node's members by channel, without those that are joining. */
  #channels(): PresenceEntry[][] {
    const isEntered = ([connection]: PresenceEntry) => !this.#joining.has(connectionKey(connection));
    return [...this.#local.channels()].map((entries) => entries.filter(isEntered));
  }

  /** Renews channels of this node. What fails is renewed later. */
  async #renew(channels: readonly PresenceEntry[][]): Promise<void> {
    await this.#inBatches(channels, (entries) => this.#runLogged(() => this.#renewChannel(entries)));
  }

  async #inBatches<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    for (let at = 0; at < items.length && !this.#isStopped; at += channelsAtOnce) {
      await Promise.all(items.slice(at, at + channelsAtOnce).map(work));
    }
  }

  /**
   * Renews what Redis knows of this node's members of a channel, and enters those that are missing. They are announced to
   * clients, because some may have listed the members meanwhile; to back ends only if another node removed them.
   */
  async #renewChannel(entries: readonly PresenceEntry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    const [channel] = first;
    // The list may be on a shard that is lost.
    const listed = this.#runLogged(() => this.#nodes.list(channel));
    const connections = entries.map(([connection]) => connection);
    const [missing] = await Promise.all([this.#members.renew(channel, connections), listed]);
    if (missing.size === 0) return;
    const shouldNotify = await this.#nodes.consumeRemoval(channel).catch(() => {
      // On a shard that is lost: back ends rather receive what they know already.
      return true;
    });
    for (const [connection, member] of entries) {
      if (missing.has(this.#members.fieldOf(connection))) {
        await this.#enterAgain(connection, member, shouldNotify);
      }
    }
  }

  async #enterAgain(
    connection: PresenceConnection,
    member: PresenceMember,
    shouldNotify: boolean,
  ): Promise<void> {
    if (this.#local.userOf(connection) === undefined) return;
    const { appId, channel } = connection;
    const message = presenceMessage('member_added', { appId, channel }, member);
    const entered = await this.#enter(connection, member, Number.MAX_SAFE_INTEGER, message);
    if (this.#local.userOf(connection) === undefined) {
      // It left while it was being entered.
      await this.leave(connection);
      return;
    }
    if (!entered?.isNew) return;
    this.#observer({ appId, channel, userId: String(member.user_id), isPresent: true, shouldNotify });
  }

  /** Removes the members of nodes without a heartbeat. Several nodes may do so: one of them observes each member. */
  async #removeDeadNodes(since: number): Promise<void> {
    for (const dead of await this.#nodes.silentSince(since)) {
      const channels = await this.#nodes.listed(dead);
      await this.#inBatches(channels, async (channel) => {
        // It may be back.
        if (await this.#nodes.isSilentSince(dead, since)) await this.#removeNodeMembers(dead, channel);
      });
      if (!this.#isStopped) await this.#nodes.remove(dead, since);
    }
  }

  async #removeNodeMembers(dead: string, at: PresenceChannel): Promise<void> {
    const fields = await this.#members.ofNode(at, dead);
    if (fields.length > 0) {
      // Noted first: if that node is alive after all, its members will be announced as back.
      await this.#nodes.recordRemoval(dead, at);
      const connections = fields.map((field) => ({ field, userId: undefined }));
      for (const userId of await this.#members.leave(at, connections)) {
        this.#observer({ ...at, userId, isPresent: false, shouldNotify: true });
      }
    }
    await this.#nodes.unlist(at, dead);
  }

  async #enter(
    connection: PresenceConnection,
    member: PresenceMember,
    maxMembers: number,
    message: PusherMessage,
  ) {
    // Listed first: if this node dies in between, its members must be found.
    await this.#nodes.list(connection);
    return this.#members.enter(connection, member, maxMembers, message);
  }

  async #unlist(connection: PresenceConnection): Promise<void> {
    await this.#nodes.unlist(connection);
    // A member may have joined meanwhile.
    if (this.#local.members(connection.appId, connection.channel).size > 0)
      await this.#nodes.list(connection);
  }
}
