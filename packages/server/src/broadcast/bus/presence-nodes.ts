import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { PresenceChannel } from './presence.ts';

/** What the nodes' records depend on. */
export interface PresenceNodesDeps {
  readonly link: RedisLink;
  readonly prefix: string;
  /** The name of this node. */
  readonly node: string;
  /** The records of this node expire when they are not renewed for this long. */
  readonly expiryMs: number;
}

/** Keys: the nodes. Arguments: the node. By the clock of Redis: those of the nodes differ. */
const beatScript = `
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
return { known and 1 or 0, now }`;

/** Keys: the nodes. Arguments: the node, a time. */
const removeScript = `
local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
if seen and tonumber(seen) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end`;

/** Keys: a set. Arguments: the member, the expiry. */
const addScript = `
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** A node that is cut off for longer announces its members to clients, but not to back ends. */
const removalsKeptMs = 24 * 3_600_000;

/**
 * What Redis knows of the nodes: their heartbeats, and the channels in which each has members, so that others can remove
 * the members of a node that has died. Its methods reject when Redis does not answer.
 */
export class PresenceNodes {
  readonly #deps: PresenceNodesDeps;

  constructor(deps: PresenceNodesDeps) {
    this.#deps = deps;
  }

  /** Records a heartbeat of this node. `at`: milliseconds since 1970, by Redis; `isKnown`: the last one was recorded. */
  async beat(): Promise<{ readonly isKnown: boolean; readonly at: number }> {
    const { link, node } = this.#deps;
    const given = { keys: [this.#nodesKey] as [string], arguments: [node] };
    const [isKnown, at] = (await withTimeout(link.eval(beatScript, given))) as [number, number];
    return { isKnown: isKnown === 1, at };
  }

  /** Marks this node as dead: the others remove what it may have left. */
  async stop(): Promise<void> {
    const { link, node } = this.#deps;
    await withTimeout(link.zAdd(this.#nodesKey, { score: 0, value: node }));
  }

  /** The nodes without a heartbeat since a time of Redis. */
  async silentSince(time: number): Promise<string[]> {
    return withTimeout(this.#deps.link.zRangeByScore(this.#nodesKey, 0, time));
  }

  /** Whether a node has had no heartbeat since a time of Redis. */
  async isSilentSince(node: string, time: number): Promise<boolean> {
    const beatAt = await withTimeout(this.#deps.link.zScore(this.#nodesKey, node));
    return beatAt !== null && beatAt <= time;
  }

  /** Removes the record of a dead node, unless it has had a heartbeat since a time of Redis. */
  async remove(dead: string, since: number): Promise<void> {
    const given = { keys: [this.#nodesKey] as [string], arguments: [dead, String(since)] };
    await withTimeout(this.#deps.link.eval(removeScript, given));
  }

  /** Lists a channel as one in which this node has members. */
  async list(channel: PresenceChannel): Promise<void> {
    await this.#add(this.#listOf(this.#deps.node), channel, this.#deps.expiryMs);
  }

  /** Removes a channel from a node's list. */
  async unlist(channel: PresenceChannel, node = this.#deps.node): Promise<void> {
    await withTimeout(this.#deps.link.sRem(this.#listOf(node), textOf(channel)));
  }

  /** The channels in which a node has members. */
  async listed(node: string): Promise<PresenceChannel[]> {
    const channels = await withTimeout(this.#deps.link.sMembers(this.#listOf(node)));
    return channels.map((text) => JSON.parse(text) as PresenceChannel);
  }

  /** Notes that a node's members are being removed from a channel by another. */
  async recordRemoval(node: string, channel: PresenceChannel): Promise<void> {
    await this.#add(this.#removalsOf(node), channel, removalsKeptMs);
  }

  /** Whether another node has removed this node's members from a channel; the note is removed. */
  async consumeRemoval(channel: PresenceChannel): Promise<boolean> {
    const { link, node } = this.#deps;
    return (await withTimeout(link.sRem(this.#removalsOf(node), textOf(channel)))) > 0;
  }

  async #add(key: string, channel: PresenceChannel, expiryMs: number): Promise<void> {
    const given = { keys: [key] as [string], arguments: [textOf(channel), String(expiryMs)] };
    await withTimeout(this.#deps.link.eval(addScript, given));
  }

  get #nodesKey(): string {
    return `${this.#deps.prefix}:nodes`;
  }

  #listOf(node: string): string {
    return `${this.#deps.prefix}:presence-of:${node}`;
  }

  #removalsOf(node: string): string {
    return `${this.#deps.prefix}:presence-removed:${node}`;
  }
}

function textOf({ appId, channel }: PresenceChannel): string {
  return JSON.stringify({ appId, channel });
}
