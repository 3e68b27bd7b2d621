import type { Duplex } from 'node:stream';
import { addressOf } from './bus.ts';
import type { BrokerCalls, WorkerCalls } from './cluster-calls.ts';
import { createPeer, type Peer } from './cluster-peer.ts';
import { createLocalCache } from './event-cache.ts';
import { createLocalRegister } from './notified-register.ts';
import { createLocalOccupancy, createProcessOccupancy, type LocalOccupancy } from './occupancy.ts';
import { createProcessPresence, type PresencePlace } from './presence.ts';
import { presenceNews } from './presence-news.ts';
import { keyOf } from './topic-key.ts';

/** Connects the workers of one machine, and keeps what they must know in common. */
export interface Broker {
  /** Serves a worker until its stream ends; then its connections have left. */
  connect(stream: Duplex): void;
}

/** A worker as the broker knows it. */
interface Link {
  readonly peer: Peer<WorkerCalls>;
  readonly heard: Set<string>;
  readonly positions: Map<string, PresencePlace>;
  readonly occupancy: LocalOccupancy;
}

/** A worker that does not tell its metrics by then is left out. */
const figuresWithinMs = 2_000;

/** Makes a broker; it lives as long as its workers. */
export function createBroker(): Broker {
  return new ProcessBroker();
}

class ProcessBroker implements Broker {
  readonly #links = new Set<Link>();
  readonly #hearers = new Map<string, Set<Link>>();
  readonly #presence = createProcessPresence();
  readonly #occupancy = createProcessOccupancy();
  readonly #told = createLocalRegister();
  readonly #cache = createLocalCache();
  /** Whose count is being changed: it is the one to be told of it. */
  #causer: Link | undefined;

  constructor() {
    this.#occupancy.observe((change) => {
      const [any] = this.#links;
      (this.#causer ?? any)?.peer.tell('occupancyChanged', change);
    });
  }

  connect(stream: Duplex): void {
    const peer = createPeer<WorkerCalls, BrokerCalls>(
      stream,
      this.#callsOf(() => link),
      () => {
        void this.#remove(link);
      },
    );
    const link: Link = { peer, heard: new Set(), positions: new Map(), occupancy: createLocalOccupancy() };
    this.#links.add(link);
  }

  #callsOf(from: () => Link): BrokerCalls {
    return {
      publish: (letters) => {
        for (const [key, text] of letters) this.#forward(key, text, from());
      },
      hear: (key) => {
        from().heard.add(key);
        this.#hearers.set(key, (this.#hearers.get(key) ?? new Set()).add(from()));
      },
      unhear: (key) => this.#unhear(from(), key),
      join: async (place, member, maxMembers) => {
        const joined = await this.#presence.join(place, member, maxMembers);
        if (joined.full) return joined;
        from().positions.set(placeKey(place), place);
        return { ...joined, members: [...joined.members] };
      },
      leave: async (place) => {
        from().positions.delete(placeKey(place));
        return (await this.#presence.leave(place)) ?? null;
      },
      members: async (appId, channel) => [...(await this.#presence.members(appId, channel))],
      occupy: (appId, channel, count) => this.#occupy(from(), appId, channel, count),
      occupied: async (appId) => [...(await this.#occupancy.list(appId))],
      countOf: (appId, channel) => this.#occupancy.countOf(appId, channel),
      enter: (appId, thing) => this.#told.enter(appId, thing),
      strike: (appId, thing) => this.#told.strike(appId, thing),
      told: (appId) => this.#told.list(appId),
      put: (appId, channel, event) => this.#cache.put(appId, channel, event),
      get: async (appId, channel) => (await this.#cache.get(appId, channel)) ?? null,
      sweep: () => this.#cache.sweep(),
      hint: (partitions) => {
        for (const link of this.#links) if (link !== from()) link.peer.tell('hint', partitions);
      },
      metrics: async () => {
        const told = await Promise.all([...this.#links].map(({ peer }) => inTime(peer.call('metrics'))));
        return told.filter((one) => one !== null);
      },
    };
  }

  #forward(key: string | null, text: string, from?: Link): void {
    const hearers = key === null ? this.#links : (this.#hearers.get(key) ?? []);
    for (const link of hearers) if (link !== from) link.peer.tell('deliver', text);
  }

  #unhear(link: Link, key: string): void {
    link.heard.delete(key);
    const hearers = this.#hearers.get(key);
    hearers?.delete(link);
    if (hearers?.size === 0) this.#hearers.delete(key);
  }

  #occupy(link: Link, appId: number, channel: string, count: number): void {
    link.occupancy.set(appId, channel, count);
    let total = 0;
    for (const { occupancy } of this.#links) total += occupancy.list(appId).get(channel) ?? 0;
    this.#causer = this.#links.has(link) ? link : undefined;
    this.#occupancy.set(appId, channel, total);
    this.#causer = undefined;
  }

  /** A worker has ended: what it heard and counted goes, and its members have left. */
  async #remove(link: Link): Promise<void> {
    this.#links.delete(link);
    for (const key of link.heard) this.#unhear(link, key);
    for (const appId of link.occupancy.apps()) {
      for (const channel of [...link.occupancy.list(appId).keys()]) this.#occupy(link, appId, channel, 0);
    }
    for (const place of link.positions.values()) {
      const user_id = await this.#presence.leave(place);
      if (user_id !== undefined) this.#announceRemoved(place, user_id);
    }
  }

  #announceRemoved(place: PresencePlace, user_id: string): void {
    const [any] = this.#links;
    any?.peer.tell('memberLost', { appId: place.appId, channel: place.channel }, user_id);
    const message = presenceNews('member_removed', place, { user_id });
    this.#forward(keyOf(place.appId, addressOf(message)?.topic ?? place.channel), JSON.stringify(message));
  }
}

function placeKey({ appId, channel, socketId }: PresencePlace): string {
  return `${socketId} ${keyOf(appId, channel)}`;
}

async function inTime<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), figuresWithinMs);
  });
  try {
    return await Promise.race([asked, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
