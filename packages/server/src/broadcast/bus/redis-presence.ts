import type { PresenceMember } from '@mevrik/protocol';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import {
  connectionKey,
  createLocalPresence,
  type Joined,
  type MemberChange,
  type Presence,
  type PresenceChannel,
  type PresenceConnection,
  type PresenceMembers,
} from './presence.ts';
import { enterHash, leaveHash, readHash, renewHash } from './presence-hash.ts';

/** What presence over Redis depends on. */
export interface RedisPresenceDeps {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** The name of this node. */
  readonly node: string;
  /** Interval of this node's heartbeat; after three missed ones the others remove its members. */
  readonly heartbeatMs: number;
  /** Announces members who joined or left without an action of this node's connections. */
  readonly announce: (
    change: 'member_added' | 'member_removed',
    at: PresenceChannel,
    member: PresenceMember,
  ) => void;
}

type PresenceEntry = readonly [PresenceConnection, PresenceMember];

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
  #beats = 0;
  /** Time of this node's last heartbeat, in milliseconds since 1970. */
  #beatAt = Date.now();
  #beating: Promise<void> | undefined;

  constructor(deps: RedisPresenceDeps) {
    this.#deps = deps;
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
    // Without Redis the members on this node count; `restore` enters them when it is back.
    const everywhere = await this.#enter(connection, member, maxMembers).catch(() => undefined);
    this.#joining.delete(id);
    if (everywhere === undefined) return here;
    if (everywhere) return { full: false, ...everywhere };
    this.#local.leave(connection);
    return { full: true };
  }

  async leave(connection: PresenceConnection): Promise<string | undefined> {
    const goneHere = this.#local.leave(connection);
    const key = this.#keyOf(connection);
    const field = this.#fieldOf(connection);
    try {
      const [gone] = await leaveHash(this.#deps.link, key, [field]);
      if (this.#local.members(connection.appId, connection.channel).size === 0)
        await this.#unlist(connection);
      return gone;
    } catch {
      // Redis learns of it when it answers again.
      const overdue = this.#overdue.get(key) ?? new Set();
      if (this.#overdue.size < maxOverdue) this.#overdue.set(key, overdue.add(field));
      return goneHere;
    }
  }

  async members(appId: number, channel: string): Promise<PresenceMembers> {
    try {
      return await readHash(this.#deps.link, this.#keyOf({ appId, channel }));
    } catch {
      // Without Redis, the members are those of this node.
      return this.#local.members(appId, channel);
    }
  }

  /** Writes this node's members again after Redis was unavailable. */
  async restore(): Promise<void> {
    await this.#recordHeartbeat();
    await this.#renewAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#heart);
    await this.#beating;
    const { link, node } = this.#deps;
    if (!link.isReady) return;
    // Marks this node as dead: the others remove what it may have left.
    const commands = [link.zAdd(this.#nodesKey, { score: 0, value: node })];
    // The heartbeat expires anyway; this only speeds it up.
    await Promise.all(commands.map((work) => withTimeout<unknown>(work).catch(() => {})));
  }

  async #beat(): Promise<void> {
    if (!this.#deps.link.isReady) return;
    this.#beats += 1;
    const lastBeatAt = this.#beatAt;
    // A lost shard of a cluster must not keep the others from being renewed.
    await this.#runLogged(async () => {
      const isKnown = await this.#recordHeartbeat();
      this.#beatAt = Date.now();
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

  /** Records a heartbeat. Resolves to whether the previous one was still recorded. */
  async #recordHeartbeat(): Promise<boolean> {
    const { link, node } = this.#deps;
    const known = (await withTimeout(link.zScore(this.#nodesKey, node))) !== null;
    await withTimeout(link.zAdd(this.#nodesKey, { score: Date.now(), value: node }));
    return known;
  }

  /** Writes to Redis the leaves that happened while it was unavailable. */
  async #catchUp(): Promise<void> {
    for (const [key, fields] of this.#overdue) {
      await leaveHash(this.#deps.link, key, [...fields]);
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
    const channels = new Map<string, PresenceEntry[]>();
    for (const entry of this.#local.entries()) {
      if (this.#joining.has(connectionKey(entry[0]))) continue;
      const key = this.#keyOf(entry[0]);
      const others = channels.get(key);
      if (others) others.push(entry);
      else channels.set(key, [entry]);
    }
    return [...channels.values()];
  }

  /**
   * Renews what Redis knows of this node's members of a channel, and adds those that are missing. They are announced if
   * another node announced their removal; otherwise Redis lost them, and to the clients they were never gone.
   */
  async #renewChannel(entries: readonly PresenceEntry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    const { link, node } = this.#deps;
    const key = this.#keyOf(first[0]);
    await this.#list(first[0]);
    const fields = entries.map(([connection]) => this.#fieldOf(connection));
    const missing = new Set(await renewHash(link, key, fields, this.#expiryMs));
    if (missing.size === 0) return;
    const removed = this.#removalsOf(node);
    const shouldNotify = (await withTimeout(link.sMembers(removed))).includes(key);
    for (const [connection, member] of entries) {
      if (missing.has(this.#fieldOf(connection))) await this.#enterAgain(connection, member, shouldNotify);
    }
    if (shouldNotify) await withTimeout(link.sRem(removed, key));
  }

  async #enterAgain(
    connection: PresenceConnection,
    member: PresenceMember,
    shouldNotify: boolean,
  ): Promise<void> {
    if (!this.#local.has(connection)) return;
    const entered = await this.#enter(connection, member, Number.MAX_SAFE_INTEGER);
    // It left while it was being entered.
    if (!this.#local.has(connection)) {
      await leaveHash(this.#deps.link, this.#keyOf(connection), [this.#fieldOf(connection)]);
      return;
    }
    if (!entered?.isNew) return;
    if (shouldNotify) this.#deps.announce('member_added', connection, member);
    const { appId, channel } = connection;
    this.#observer({ appId, channel, userId: member.user_id, isPresent: true, shouldNotify });
  }

  /**
   * Removes the members of nodes without a heartbeat. Several nodes may do so: one of them observes each member. The time
   * since our own last heartbeat does not count against them: Redis did not answer, or the machine was suspended.
   */
  async #removeDeadNodes(lastBeatAt: number): Promise<void> {
    const { link, heartbeatMs } = this.#deps;
    const since = lastBeatAt - heartbeatMs * (missedBeats - 1);
    for (const dead of await withTimeout(link.zRangeByScore(this.#nodesKey, 0, since))) {
      for (const listed of await withTimeout(link.sMembers(this.#listOf(dead)))) {
        await this.#removeNodeMembers(dead, JSON.parse(listed) as PresenceChannel);
        await withTimeout(link.sRem(this.#listOf(dead), listed));
      }
      await withTimeout(link.zRem(this.#nodesKey, dead));
    }
  }

  async #removeNodeMembers(dead: string, at: PresenceChannel): Promise<void> {
    const { link, announce } = this.#deps;
    const key = this.#keyOf(at);
    const fields = (await withTimeout(link.hKeys(key))).filter((field) => field.startsWith(`${dead}/`));
    if (fields.length === 0) return;
    // Noted first: if that node is alive after all, it announces that its members are back.
    await withTimeout(link.sAdd(this.#removalsOf(dead), key));
    await withTimeout(link.pExpire(this.#removalsOf(dead), this.#expiryMs));
    for (const user_id of await leaveHash(link, key, fields)) {
      announce('member_removed', at, { user_id });
      this.#observer({ ...at, userId: user_id, isPresent: false, shouldNotify: true });
    }
  }

  async #enter(connection: PresenceConnection, member: PresenceMember, maxMembers: number) {
    const { link } = this.#deps;
    const [key, field] = [this.#keyOf(connection), this.#fieldOf(connection)];
    // Listed first: if this node dies in between, its members must be found.
    await this.#list(connection);
    return enterHash(link, { key, field, member, maxMembers, expiryMs: this.#expiryMs });
  }

  /** Adds a channel to the list of this node's channels. */
  async #list(channel: PresenceChannel): Promise<void> {
    const { link, node } = this.#deps;
    const list = this.#listOf(node);
    await Promise.all([
      withTimeout(link.sAdd(list, listEntry(channel))),
      withTimeout(link.pExpire(list, this.#expiryMs)),
    ]);
  }

  async #unlist(connection: PresenceConnection): Promise<void> {
    const { link, node } = this.#deps;
    await withTimeout(link.sRem(this.#listOf(node), listEntry(connection)));
    // A member may have joined meanwhile.
    if (this.#local.members(connection.appId, connection.channel).size > 0) await this.#list(connection);
  }

  /** Longer than a node may be silent, so that its members are announced as gone before the hash expires. */
  get #expiryMs(): number {
    return this.#deps.heartbeatMs * missedBeats * 4;
  }

  #keyOf({ appId, channel }: PresenceChannel): string {
    return `${this.#deps.prefix}:presence:${appId}:${channel}`;
  }

  /** The last heartbeat of each node. */
  get #nodesKey(): string {
    return `${this.#deps.prefix}:nodes`;
  }

  /** The channels in which a node has members. */
  #listOf(node: string): string {
    return `${this.#deps.prefix}:presence-of:${node}`;
  }

  /** The channels from which others removed a node's members, as keys. */
  #removalsOf(node: string): string {
    return `${this.#deps.prefix}:presence-removed:${node}`;
  }

  #fieldOf({ socketId }: PresenceConnection): string {
    return `${this.#deps.node}/${socketId}`;
  }
}

function listEntry({ appId, channel }: PresenceChannel): string {
  return JSON.stringify({ appId, channel });
}
