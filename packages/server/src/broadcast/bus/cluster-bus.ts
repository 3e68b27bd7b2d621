import type { Duplex } from 'node:stream';
import type { BusMessage } from './broadcast-message.ts';
import { addressOf, type Bus, type BusReceiver } from './bus.ts';
import type { BrokerCalls, Letter, WorkerCalls } from './cluster-calls.ts';
import { createPeer, type Peer } from './cluster-peer.ts';
import type { EventCache } from './event-cache.ts';
import type { ToldRegister } from './notified-register.ts';
import { createLocalOccupancy, type Occupancy, type OccupancyChange } from './occupancy.ts';
import type { MemberChange, Presence } from './presence.ts';
import { keyOf } from './topic-key.ts';

/** What a worker shares with the others of its machine. */
export interface ClusterBus extends Bus {
  /** Tells the other workers that partitions have news. */
  hint(partitions: readonly number[]): void;
  /** Registers who is told so by others; one only. */
  onHint(act: (partitions: readonly number[]) => void): void;
  /** The metrics of all workers. @throws PeerGoneError */
  metrics(): Promise<readonly object[]>;
  /** Registers where this worker's own are read; one only. */
  provideMetrics(read: () => Promise<object>): void;
}

/**
 * A bus over the broker of this machine, which is at the other end of the stream. This worker's own clients are
 * served directly. `onGone` is called when the broker is gone: this worker is then alone for good, and should end.
 */
export function createClusterBus(stream: Duplex, onGone: () => void): ClusterBus {
  return new WorkerBus(stream, onGone);
}

class WorkerBus implements ClusterBus {
  readonly presence: Presence;
  readonly occupancy: Occupancy;
  readonly told: ToldRegister;
  readonly cache: EventCache;
  readonly #broker: Peer<BrokerCalls>;
  #receiver: BusReceiver = () => {};
  #onHint: (partitions: readonly number[]) => void = () => {};
  #readFigures: () => Promise<object | null> = async () => null;
  #observer: (change: OccupancyChange) => void = () => {};
  #memberObserver: (change: MemberChange) => void = () => {};
  #sent: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(stream: Duplex, onGone: () => void) {
    const mine: WorkerCalls = {
      deliver: (text) => this.#receiver(JSON.parse(text) as BusMessage),
      occupancyChanged: (change) => this.#observer(change),
      memberLost: (at, userId) => this.#memberObserver({ ...at, userId, isHere: false, isNews: true }),
      hint: (partitions) => this.#onHint(partitions),
      metrics: () => this.#readFigures(),
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
    this.told = registerAt(this.#broker);
    this.cache = cacheAt(this.#broker);
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) this.#receiver(message);
    const letters = messages.map((message): Letter => {
      const address = addressOf(message);
      return [address ? keyOf(address.appId, address.topic) : null, JSON.stringify(message)];
    });
    const sent = this.#broker.call('publish', letters);
    // Without the broker nobody learns of it any more: never, then, is it known to have reached the others.
    const arrived = sent.catch(() => new Promise<void>(() => {}));
    this.#sent = Promise.all([this.#sent, arrived]).then(() => {});
    await sent.catch(() => {});
  }

  reached(): Promise<void> {
    return this.#sent;
  }

  receive(receiver: BusReceiver): void {
    this.#receiver = receiver;
  }

  async hear(appId: number, topic: string): Promise<void> {
    await this.#broker.call('hear', keyOf(appId, topic)).catch(() => {});
  }

  unhear(appId: number, topic: string): void {
    this.#broker.tell('unhear', keyOf(appId, topic));
  }

  hint(partitions: readonly number[]): void {
    this.#broker.tell('hint', partitions);
  }

  onHint(act: (partitions: readonly number[]) => void): void {
    this.#onHint = act;
  }

  metrics(): Promise<readonly object[]> {
    return this.#broker.call('metrics');
  }

  provideMetrics(read: () => Promise<object>): void {
    this.#readFigures = read;
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
    async join(place, member, maxMembers) {
      const joined = await broker.call('join', place, member, maxMembers);
      return joined.full ? joined : { ...joined, members: new Map(joined.members) };
    },
    // The broker removes the members of a worker that it has lost.
    leave: async (place) => (await broker.call('leave', place).catch(() => null)) ?? undefined,
    members: async (appId, channel) => new Map(await broker.call('members', appId, channel)),
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
      broker.tell('occupy', appId, channel, count);
    },
    observe,
    // It answers after everything that it was told before.
    settled: () =>
      broker.call('occupied', 0).then(
        () => {},
        () => {},
      ),
    list: async (appId) => new Map(await broker.call('occupied', appId)),
    countOf: (appId, channel) => broker.call('countOf', appId, channel),
  };
}

function registerAt(broker: Peer<BrokerCalls>): ToldRegister {
  return {
    enter: (appId, thing) => broker.call('enter', appId, thing),
    strike: (appId, thing) => broker.call('strike', appId, thing),
    list: (appId) => broker.call('told', appId),
  };
}

function cacheAt(broker: Peer<BrokerCalls>): EventCache {
  return {
    put: (appId, channel, event) => broker.call('put', appId, channel, event).catch(() => {}),
    get: async (appId, channel) => (await broker.call('get', appId, channel).catch(() => null)) ?? undefined,
    sweep: () => broker.tell('sweep'),
  };
}
