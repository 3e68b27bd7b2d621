import type { PresenceMember } from '@mevrik/protocol';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import {
  createLocalPresence,
  type Joined,
  type MemberChange,
  type Members,
  type Presence,
  type PresencePlace,
  type Whereabouts,
} from './presence.ts';
import { enterHash, leaveHash, readHash } from './presence-hash.ts';

/** What presence over Redis is given. */
export interface RedisPresenceOptions {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** This process's own name. */
  readonly node: string;
  /** How often this node says that it lives; three missed ones, and the others count its members out. */
  readonly heartbeatMs: number;
  /** Tells everybody who came or went without a connection of this node having done so. */
  readonly announce: (
    change: 'member_added' | 'member_removed',
    at: Whereabouts,
    member: PresenceMember,
  ) => void;
}

type Entry = readonly [PresencePlace, PresenceMember];

/** Leavings that Redis did not learn of are kept for later, up to this many. */
const maxOverdue = 100_000;
const missedBeats = 3;
/** A channel's expiry is renewed with every so manyeth beat; so many at once. */
const renewedEvery = 4;
const renewedAtOnce = 500;

/**
 * Who is where, over all nodes. Each node keeps a list of its channels in Redis, so that others can count its members
 * out when it has died, also where nobody else is. While Redis is gone, each node knows its own members.
 */
export class RedisPresence implements Presence {
  readonly #with: RedisPresenceOptions;
  readonly #local = createLocalPresence();
  readonly #overdue = new Map<string, Set<string>>();
  readonly #heart: NodeJS.Timeout;
  #observer: (change: MemberChange) => void = () => {};
  #beats = 0;
  /** When this node's heart beat last, in milliseconds since 1970. */
  #beatAt = Date.now();
  #beating: Promise<void> | undefined;

  constructor(options: RedisPresenceOptions) {
    this.#with = options;
    this.#heart = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined;
      });
    }, options.heartbeatMs).unref();
  }

  observe(observer: (change: MemberChange) => void): void {
    this.#observer = observer;
  }

  async join(place: PresencePlace, member: PresenceMember, maxMembers: number): Promise<Joined> {
    const here = this.#local.join(place, member, maxMembers);
    if (here.full) return here;
    const everywhere = await this.#enter(place, member, maxMembers).catch(() => undefined);
    if (everywhere === undefined) return here;
    if (everywhere) return { full: false, ...everywhere };
    this.#local.leave(place);
    return { full: true };
  }

  async leave(place: PresencePlace): Promise<string | undefined> {
    const goneHere = this.#local.leave(place);
    const key = this.#keyOf(place);
    const field = this.#fieldOf(place);
    try {
      const [gone] = await leaveHash(this.#with.link, key, [field]);
      if (this.#local.members(place.appId, place.channel).size === 0) await this.#unlist(place);
      return gone;
    } catch {
      const overdue = this.#overdue.get(key) ?? new Set();
      if (this.#overdue.size < maxOverdue) this.#overdue.set(key, overdue.add(field));
      return goneHere;
    }
  }

  async members(appId: number, channel: string): Promise<Members> {
    try {
      return await readHash(this.#with.link, this.#keyOf({ appId, channel }));
    } catch {
      return this.#local.members(appId, channel);
    }
  }

  /** Enters this node's members again, after Redis was away. */
  async restore(): Promise<void> {
    await this.#live();
    await this.#enterAll(this.#local.entries(), false);
  }

  async stop(): Promise<void> {
    clearInterval(this.#heart);
    await this.#beating;
    const { link, node } = this.#with;
    if (!link.isReady) return;
    // Dead at once: the others see to what it may have left.
    const goodbye = [link.zAdd(this.#nodesKey, { score: 0, value: node })];
    await Promise.all(goodbye.map((work) => withTimeout<unknown>(work).catch(() => {})));
  }

  async #beat(): Promise<void> {
    if (!this.#with.link.isReady) return;
    this.#beats += 1;
    const lastBeatAt = this.#beatAt;
    // A part of a cluster that is lost must not keep the rest from being renewed.
    await this.#tried(async () => {
      const isKnown = await this.#live();
      this.#beatAt = Date.now();
      // We were taken for dead, and our members were counted out.
      if (!isKnown) await this.#enterAll(this.#local.entries(), true);
    });
    await this.#tried(() => this.#catchUp());
    await this.#renew();
    await this.#tried(() => this.#buryTheDead(lastBeatAt));
  }

  async #tried(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#with.log.warn({ error: String(error) }, 'presence could not be renewed');
    }
  }

  /** Says that this node lives. Gives whether the others could still know. */
  async #live(): Promise<boolean> {
    const { link, node } = this.#with;
    const known = (await withTimeout(link.zScore(this.#nodesKey, node))) !== null;
    await withTimeout(link.zAdd(this.#nodesKey, { score: Date.now(), value: node }));
    return known;
  }

  async #enterAll(entries: Iterable<Entry>, isNews: boolean): Promise<void> {
    for (const [place, member] of entries) {
      const entered = await this.#enter(place, member, Number.MAX_SAFE_INTEGER);
      if (!entered?.isNew) continue;
      if (isNews) this.#with.announce('member_added', place, member);
      const { appId, channel } = place;
      this.#observer({ appId, channel, userId: member.user_id, isHere: true, isNews });
    }
  }

  /** Tells Redis who left while it was away. */
  async #catchUp(): Promise<void> {
    for (const [key, fields] of this.#overdue) {
      await leaveHash(this.#with.link, key, [...fields]);
      this.#overdue.delete(key);
    }
  }

  /**
   * Sees to it that the hashes of this node's channels last; a part of them with each beat. What Redis dropped, because
   * it did not answer for too long, is entered again.
   */
  async #renew(): Promise<void> {
    const { link, node } = this.#with;
    const list = this.#listOf(node);
    const own = new Map<string, Entry[]>();
    for (const entry of this.#local.entries()) {
      const key = this.#keyOf(entry[0]);
      const others = own.get(key);
      if (others) others.push(entry);
      else own.set(key, [entry]);
    }
    const due = [...own.keys(), list].filter((_, at) => (at + this.#beats) % renewedEvery === 0);
    for (let at = 0; at < due.length; at += renewedAtOnce) {
      const some = due.slice(at, at + renewedAtOnce);
      await this.#tried(async () => {
        const there = await Promise.all(some.map((key) => withTimeout(link.pExpire(key, this.#expiryMs))));
        const dropped = some.filter((_, index) => there[index] === 0);
        for (const key of dropped) {
          await this.#enterAll(key === list ? this.#local.entries() : (own.get(key) ?? []), false);
        }
      });
    }
  }

  /**
   * Counts out the members of nodes that no longer beat. Several nodes may do so: one is told of each member. The time
   * since our own beat before is nobody's fault: Redis did not answer, or the machine stood still.
   */
  async #buryTheDead(lastBeatAt: number): Promise<void> {
    const { link, heartbeatMs } = this.#with;
    const since = lastBeatAt - heartbeatMs * (missedBeats - 1);
    for (const dead of await withTimeout(link.zRangeByScore(this.#nodesKey, 0, since))) {
      for (const listed of await withTimeout(link.sMembers(this.#listOf(dead)))) {
        await this.#bury(dead, JSON.parse(listed) as Whereabouts);
        await withTimeout(link.sRem(this.#listOf(dead), listed));
      }
      await withTimeout(link.zRem(this.#nodesKey, dead));
    }
  }

  async #bury(dead: string, at: Whereabouts): Promise<void> {
    const { link, announce } = this.#with;
    const key = this.#keyOf(at);
    const fields = (await withTimeout(link.hKeys(key))).filter((field) => field.startsWith(`${dead}/`));
    if (fields.length === 0) return;
    for (const user_id of await leaveHash(link, key, fields)) {
      announce('member_removed', at, { user_id });
      this.#observer({ ...at, userId: user_id, isHere: false, isNews: true });
    }
  }

  async #enter(place: PresencePlace, member: PresenceMember, maxMembers: number) {
    const { link, node } = this.#with;
    const [key, field] = [this.#keyOf(place), this.#fieldOf(place)];
    // Listed first: who dies in between must be found.
    await withTimeout(link.sAdd(this.#listOf(node), listEntry(place)));
    return enterHash(link, { key, field, member, maxMembers, expiryMs: this.#expiryMs });
  }

  async #unlist(place: PresencePlace): Promise<void> {
    const { link, node } = this.#with;
    await withTimeout(link.sRem(this.#listOf(node), listEntry(place)));
    // Somebody may have come meanwhile.
    if (this.#local.members(place.appId, place.channel).size > 0) {
      await withTimeout(link.sAdd(this.#listOf(node), listEntry(place)));
    }
  }

  /** Longer than a node may be silent, so that its members are announced as gone before the hash goes. */
  get #expiryMs(): number {
    return this.#with.heartbeatMs * missedBeats * 4;
  }

  #keyOf({ appId, channel }: Whereabouts): string {
    return `${this.#with.prefix}:presence:${appId}:${channel}`;
  }

  /** When each node was last alive. */
  get #nodesKey(): string {
    return `${this.#with.prefix}:nodes`;
  }

  /** The channels on which a node has members. */
  #listOf(node: string): string {
    return `${this.#with.prefix}:presence-of:${node}`;
  }

  #fieldOf({ socketId }: PresencePlace): string {
    return `${this.#with.node}/${socketId}`;
  }
}

function listEntry({ appId, channel }: Whereabouts): string {
  return JSON.stringify({ appId, channel });
}
