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

  /** Removes the record of a dead node. */
  async remove(dead: string): Promise<void> {
    await withTimeout(this.#deps.link.zRem(this.#nodesKey, dead));
  }

  /** Lists a channel as one in which this node has members. */
  async list(channel: PresenceChannel): Promise<void> {
    const { link, node, expiryMs } = this.#deps;
    const list = this.#listOf(node);
    await Promise.all([
      withTimeout(link.sAdd(list, textOf(channel))),
      withTimeout(link.pExpire(list, expiryMs)),
    ]);
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
  async noteRemoval(node: string, channel: PresenceChannel): Promise<void> {
    const { link, expiryMs } = this.#deps;
    await withTimeout(link.sAdd(this.#removalsOf(node), textOf(channel)));
    await withTimeout(link.pExpire(this.#removalsOf(node), expiryMs));
  }

  /** Whether another node has removed this node's members from a channel. */
  async wasRemoved(channel: PresenceChannel): Promise<boolean> {
    const { link, node } = this.#deps;
    return (await withTimeout(link.sMembers(this.#removalsOf(node)))).includes(textOf(channel));
  }

  /** Forgets that: they are members again. */
  async forgetRemoval(channel: PresenceChannel): Promise<void> {
    const { link, node } = this.#deps;
    await withTimeout(link.sRem(this.#removalsOf(node), textOf(channel)));
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
