import type { PresenceMember } from '@mevrik/protocol';
import type { GatewayLog } from './gateway-dependencies.ts';
import {
  createLocalPresence,
  type Joined,
  type Members,
  type Presence,
  type PresencePlace,
} from './presence.ts';
import { enterHash, leaveHash, readHash } from './presence-hash.ts';
import { patiently, type RedisLink } from './redis-link.ts';

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

/** A presence channel of an app. */
export type Whereabouts = Pick<PresencePlace, 'appId' | 'channel'>;

/** Leavings that Redis did not learn of are kept for later, up to this many. */
const maxOverdue = 100_000;
const missedBeats = 3;

/** Who is where, over all nodes. While Redis is gone, each node knows its own members. */
export class RedisPresence implements Presence {
  readonly #with: RedisPresenceOptions;
  readonly #local = createLocalPresence();
  readonly #overdue = new Map<string, Set<string>>();
  readonly #heart: NodeJS.Timeout;
  #beating: Promise<void> | undefined;

  constructor(options: RedisPresenceOptions) {
    this.#with = options;
    this.#heart = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined;
      });
    }, options.heartbeatMs).unref();
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
      return (await leaveHash(this.#with.link, key, [field]))[0];
    } catch {
      const overdue = this.#overdue.get(key) ?? new Set();
      if (this.#overdue.size < maxOverdue) this.#overdue.set(key, overdue.add(field));
      return goneHere;
    }
  }

  async members(appId: number, channel: string): Promise<Members> {
    const at = { appId, channel };
    try {
      await this.#bury(at);
      return await readHash(this.#with.link, this.#keyOf(at));
    } catch {
      return this.#local.members(appId, channel);
    }
  }

  /** Enters this node's members again, after Redis was away. */
  async restore(): Promise<void> {
    await this.#live();
    await this.#enterAll();
  }

  async stop(): Promise<void> {
    clearInterval(this.#heart);
    await this.#beating;
    const { link, node } = this.#with;
    if (link.isReady) await patiently(link.del(this.#keyOfNode(node))).catch(() => {});
  }

  async #beat(): Promise<void> {
    const { link, log, announce } = this.#with;
    if (!link.isReady) return;
    try {
      const wasAlive = await this.#live();
      // We were taken for dead, and our members were counted out.
      if (!wasAlive) await this.#enterAll((place, member) => announce('member_added', place, member));
      await this.#catchUp();
      const channels = new Map([...this.#local.entries()].map(([place]) => [this.#keyOf(place), place]));
      for (const [key, place] of channels) {
        await patiently(link.pExpire(key, this.#expiryMs));
        await this.#bury(place);
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'presence could not be renewed');
    }
  }

  /** Says that this node lives. Gives whether the others could still know. */
  async #live(): Promise<boolean> {
    const { link, node, heartbeatMs } = this.#with;
    const key = this.#keyOfNode(node);
    return (await patiently(link.set(key, '1', { PX: heartbeatMs * missedBeats, GET: true }))) !== null;
  }

  async #enterAll(onNew?: (place: PresencePlace, member: PresenceMember) => void): Promise<void> {
    for (const [place, member] of this.#local.entries()) {
      const entered = await this.#enter(place, member, Number.MAX_SAFE_INTEGER);
      if (entered?.isNew) onNew?.(place, member);
    }
  }

  /** Tells Redis who left while it was away. */
  async #catchUp(): Promise<void> {
    for (const [key, fields] of this.#overdue) {
      await leaveHash(this.#with.link, key, [...fields]);
      this.#overdue.delete(key);
    }
  }

  /** Counts out the members of nodes that no longer beat. */
  async #bury(at: Whereabouts): Promise<void> {
    const { link, node, announce } = this.#with;
    const key = this.#keyOf(at);
    const fields = await patiently(link.hKeys(key));
    const nodes = new Set(fields.map((field) => field.slice(0, field.indexOf('/'))));
    nodes.delete(node);
    for (const other of nodes) {
      if ((await patiently(link.exists(this.#keyOfNode(other)))) === 1) continue;
      const dead = fields.filter((field) => field.startsWith(`${other}/`));
      for (const user_id of await leaveHash(link, key, dead)) announce('member_removed', at, { user_id });
    }
  }

  #enter(place: PresencePlace, member: PresenceMember, maxMembers: number) {
    const [key, field] = [this.#keyOf(place), this.#fieldOf(place)];
    return enterHash(this.#with.link, { key, field, member, maxMembers, expiryMs: this.#expiryMs });
  }

  /** Longer than a node may be silent, so that its members are announced as gone before the hash goes. */
  get #expiryMs(): number {
    return this.#with.heartbeatMs * missedBeats * 4;
  }

  #keyOf({ appId, channel }: Whereabouts): string {
    return `${this.#with.prefix}:presence:${appId}:${channel}`;
  }

  #keyOfNode(node: string): string {
    return `${this.#with.prefix}:node:${node}`;
  }

  #fieldOf({ socketId }: PresencePlace): string {
    return `${this.#with.node}/${socketId}`;
  }
}
