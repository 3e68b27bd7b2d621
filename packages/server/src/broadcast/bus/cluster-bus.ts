import type { Duplex } from 'node:stream';
import type { BusMessage } from './broadcast-message.ts';
import { addressOf, type Bus, type BusReceiver } from './bus.ts';
import type { BrokerCalls, BrokerMessage, WorkerCalls } from './cluster-calls.ts';
import { createPeer, type Peer } from './cluster-peer.ts';
import type { EventCache } from './event-cache.ts';
import type { NotifiedRegister } from './notified-register.ts';
import { createLocalOccupancy, type Occupancy, type OccupancyChange } from './occupancy.ts';
import type { MemberChange, Presence } from './presence.ts';
import { keyOf } from './topic-key.ts';

/** The bus of a worker, shared with the other workers of its machine. */
export interface ClusterBus extends Bus {
  /** Notifies the other workers that partitions have new events. */
  hint(partitions: readonly number[]): void;
  /** Registers the handler of other workers' hints; one only. */
  onHint(act: (partitions: readonly number[]) => void): void;
  /** The metrics of all workers. @throws PeerGoneError */
  metrics(): Promise<readonly object[]>;
  /** Registers how to read this worker's own metrics; one only. */
  provideMetrics(read: () => Promise<object>): void;
}

/**
 * A bus over the broker of this machine, at the other end of the stream. This worker's own clients are served directly.
 * `onGone` is called when the broker has ended: the worker is then isolated and should exit.
 */
export function createClusterBus(stream: Duplex, onGone: () => void): ClusterBus {
  return new WorkerBus(stream, onGone);
}

class WorkerBus implements ClusterBus {
  readonly presence: Presence;
  readonly occupancy: Occupancy;
  readonly notified: NotifiedRegister;
  readonly cache: EventCache;
  readonly #broker: Peer<BrokerCalls>;
  #receiver: BusReceiver = () => {};
  #onHint: (partitions: readonly number[]) => void = () => {};
  #readMetrics: () => Promise<object | null> = async () => null;
  #observer: (change: OccupancyChange) => void = () => {};
  #memberObserver: (change: MemberChange) => void = () => {};
  #sent: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(stream: Duplex, onGone: () => void) {
    const mine: WorkerCalls = {
      deliver: (text) => this.#receiver(JSON.parse(text) as BusMessage),
      occupancyChanged: (change) => this.#observer(change),
      memberLost: (at, userId) =>
        this.#memberObserver({ ...at, userId, isPresent: false, shouldNotify: true }),
      hint: (partitions) => this.#onHint(partitions),
      metrics: () => this.#readMetrics(),
    };
    this.#broker = createPeer<BrokerCalls, WorkerCalls>(stream, mine, () => {
      if (!this.#isStopped) onGone();
    });
    this.presence = presenceAt(this.#broker, (observer) => {
      this.#memberObserver = observer;
    });
    this.occupancy = occupancyAt(this.#broker, (observer) => {
      this.#observer = observer;
    });
    this.notified = registerAt(this.#broker);
    this.cache = cacheAt(this.#broker);
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) this.#receiver(message);
    const brokerMessages = messages.map((message): BrokerMessage => {
      const address = addressOf(message);
      return [address ? keyOf(address.appId, address.topic) : null, JSON.stringify(message)];
    });
    const sent = this.#broker.call('publish', brokerMessages);
    // Without the broker nothing reaches the other workers: `reached` must never resolve then.
    const arrived = sent.catch(() => new Promise<void>(() => {}));
    this.#sent = Promise.all([this.#sent, arrived]).then(() => {});
    // A lost broker is reported by `onGone`.
    await sent.catch(() => {});
  }

  async catchUp(): Promise<void> {
    // Calls are handled in order: everything that the broker has sent here before arrives before the answer.
    await this.#broker.call('publish', []);
  }

  forgetPositions(): void {
    // It has none: the broker delivers everything in order.
  }

  reached(): Promise<void> {
    return this.#sent;
  }

  /** Without its broker a worker exits. */
  isConnected(): boolean {
    return true;
  }

  receive(receiver: BusReceiver): void {
    this.#receiver = receiver;
  }

  async subscribe(appId: number, topic: string): Promise<void> {
    // A lost broker is reported by `onGone`.
    await this.#broker.call('subscribe', keyOf(appId, topic)).catch(() => {});
  }

  unsubscribe(appId: number, topic: string): void {
    this.#broker.notify('unsubscribe', keyOf(appId, topic));
  }

  hint(partitions: readonly number[]): void {
    this.#broker.notify('hint', partitions);
  }

  onHint(act: (partitions: readonly number[]) => void): void {
    this.#onHint = act;
  }

  metrics(): Promise<readonly object[]> {
    return this.#broker.call('metrics');
  }

  provideMetrics(read: () => Promise<object>): void {
    this.#readMetrics = read;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#receiver = () => {};
    this.#broker.end();
  }
}

function presenceAt(
  broker: Peer<BrokerCalls>,
  observe: (observer: (change: MemberChange) => void) => void,
): Presence {
  return {
    observe,
    async join(connection, member, maxMembers) {
      const joined = await broker.call('join', connection, member, maxMembers);
      return joined.full ? joined : { ...joined, members: new Map(joined.members) };
    },
    // The broker removes the members of a worker whose connection it has lost.
    leave: async (connection) => (await broker.call('leave', connection).catch(() => null)) ?? undefined,
    async members(appId, channel) {
      const { members, at } = await broker.call('members', appId, channel);
      return { members: new Map(members), at };
    },
  };
}

function occupancyAt(
  broker: Peer<BrokerCalls>,
  observe: (observer: (change: OccupancyChange) => void) => void,
): Occupancy {
  const local = createLocalOccupancy();
  return {
    set(appId, channel, count) {
      if ((local.list(appId).get(channel) ?? 0) === count) return;
      local.set(appId, channel, count);
      broker.notify('occupy', appId, channel, count);
    },
    observe,
    async settled() {
      // Calls are handled in order: it answers after everything sent before. A lost broker is reported by `onGone`.
      await broker.call('occupied', 0).catch(() => {});
    },
    list: async (appId) => new Map(await broker.call('occupied', appId)),
    countOf: (appId, channel) => broker.call('countOf', appId, channel),
  };
}

function registerAt(broker: Peer<BrokerCalls>): NotifiedRegister {
  return {
    add: (appId, item) => broker.call('addNotified', appId, item),
    remove: (appId, item) => broker.call('removeNotified', appId, item),
    list: (appId) => broker.call('notified', appId),
  };
}

function cacheAt(broker: Peer<BrokerCalls>): EventCache {
  return {
    // A cache is best effort: without the broker the event is not kept.
    put: (appId, channel, event) => broker.call('put', appId, channel, event).catch(() => {}),
    // Without the broker nothing is known to be kept.
    get: async (appId, channel) => (await broker.call('get', appId, channel).catch(() => null)) ?? undefined,
    sweep: () => broker.notify('sweep'),
  };
}
