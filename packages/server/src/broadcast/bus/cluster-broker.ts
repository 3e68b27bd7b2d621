import type { Duplex } from 'node:stream';
import { within } from '../../domain/deadline.ts';
import { addressOf } from './bus.ts';
import type { BrokerCalls, WorkerCalls } from './cluster-calls.ts';
import { createPeer, type Peer } from './cluster-peer.ts';
import { createLocalCache } from './event-cache.ts';
import { createLocalRegister } from './notified-register.ts';
import { createLocalOccupancy, createProcessOccupancy, type LocalOccupancy } from './occupancy.ts';
import { connectionKey, createProcessPresence, type PresenceConnection } from './presence.ts';
import { keyOf } from './topic-key.ts';

/** Connects the workers of one machine and keeps their shared state. */
export interface Broker {
  /** Serves a worker until its stream ends; its members are then removed. */
  connect(stream: Duplex): void;
}

/** A connected worker. */
interface Link {
  readonly peer: Peer<WorkerCalls>;
  readonly topics: Set<string>;
  readonly connections: Map<string, PresenceConnection>;
  readonly occupancy: LocalOccupancy;
}

/** A worker that has not answered by then is left out of the metrics. */
const metricsTimeoutMs = 2_000;

/** Makes a broker; it lives as long as its workers. */
export function createBroker(): Broker {
  return new ProcessBroker();
}

class ProcessBroker implements Broker {
  readonly #links = new Set<Link>();
  readonly #subscribers = new Map<string, Set<Link>>();
  readonly #presence = createProcessPresence((message) => {
    const address = addressOf(message);
    if (address) this.#forward(keyOf(address.appId, address.topic), JSON.stringify(message));
  });
  readonly #occupancy = createProcessOccupancy();
  readonly #notified = createLocalRegister();
  readonly #cache = createLocalCache();
  /** The worker whose count is being changed: it receives the change. */
  #source: Link | undefined;

  constructor() {
    this.#occupancy.observe((change) => {
      const [any] = this.#links;
      (this.#source ?? any)?.peer.notify('occupancyChanged', change);
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
    const link: Link = { peer, topics: new Set(), connections: new Map(), occupancy: createLocalOccupancy() };
    this.#links.add(link);
  }

  #callsOf(from: () => Link): BrokerCalls {
    return {
      publish: (messages) => {
        for (const [key, text] of messages) this.#forward(key, text, from());
      },
      subscribe: (key) => {
        from().topics.add(key);
        this.#subscribers.set(key, (this.#subscribers.get(key) ?? new Set()).add(from()));
      },
      unsubscribe: (key) => this.#unsubscribe(from(), key),
      join: async (connection, member, maxMembers) => {
        const joined = await this.#presence.join(connection, member, maxMembers);
        if (joined.full) return joined;
        from().connections.set(connectionKey(connection), connection);
        return { ...joined, members: [...joined.members] };
      },
      leave: async (connection) => {
        from().connections.delete(connectionKey(connection));
        return (await this.#presence.leave(connection)) ?? null;
      },
      members: async (appId, channel) => {
        const { members, at } = await this.#presence.members(appId, channel);
        return { members: [...members], at };
      },
      occupy: (appId, channel, count) => this.#occupy(from(), appId, channel, count),
      occupied: async (appId) => [...(await this.#occupancy.list(appId))],
      countOf: (appId, channel) => this.#occupancy.countOf(appId, channel),
      addNotified: (appId, item) => this.#notified.add(appId, item),
      removeNotified: (appId, item) => this.#notified.remove(appId, item),
      notified: (appId) => this.#notified.list(appId),
      put: (appId, channel, event) => this.#cache.put(appId, channel, event),
      get: async (appId, channel) => (await this.#cache.get(appId, channel)) ?? null,
      sweep: () => this.#cache.sweep(),
      hint: (partitions) => {
        for (const link of this.#links) if (link !== from()) link.peer.notify('hint', partitions);
      },
      metrics: async () => {
        const answers = await Promise.all([...this.#links].map(metricsOf));
        return answers.filter((one) => one !== null);
      },
    };
  }

  #forward(key: string | null, text: string, from?: Link): void {
    const subscribers = key === null ? this.#links : (this.#subscribers.get(key) ?? []);
    for (const link of subscribers) if (link !== from) link.peer.notify('deliver', text);
  }

  #unsubscribe(link: Link, key: string): void {
    link.topics.delete(key);
    const subscribers = this.#subscribers.get(key);
    subscribers?.delete(link);
    if (subscribers?.size === 0) this.#subscribers.delete(key);
  }

  #occupy(link: Link, appId: number, channel: string, count: number): void {
    link.occupancy.set(appId, channel, count);
    let total = 0;
    for (const { occupancy } of this.#links) total += occupancy.list(appId).get(channel) ?? 0;
    this.#source = this.#links.has(link) ? link : undefined;
    this.#occupancy.set(appId, channel, total);
    this.#source = undefined;
  }

  /** A worker has ended: removes its subscriptions, counts and members. */
  async #remove(link: Link): Promise<void> {
    this.#links.delete(link);
    for (const key of link.topics) this.#unsubscribe(link, key);
    for (const appId of link.occupancy.apps()) {
      for (const channel of [...link.occupancy.list(appId).keys()]) this.#occupy(link, appId, channel, 0);
    }
    for (const connection of link.connections.values()) {
      const user_id = await this.#presence.leave(connection);
      if (user_id === undefined) continue;
      const [any] = this.#links;
      any?.peer.notify('memberLost', { appId: connection.appId, channel: connection.channel }, user_id);
    }
  }
}

function metricsOf({ peer }: Link): Promise<object | null> {
  return within(metricsTimeoutMs, peer.call('metrics'), 'the worker does not answer').catch(
    // A worker that hangs or is stopping cannot reply: the metrics are those of the others.
    () => null,
  );
}
