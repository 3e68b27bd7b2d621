import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis } from '../../redis/connect-redis.ts';
import { NotSentError, type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import { BackPressure } from './back-pressure.ts';
import type { BusMessage } from './broadcast-message.ts';
import { addressOf, type Bus, type BusReceiver, topicOf } from './bus.ts';
import { CatchUp } from './catch-up.ts';
import type { EventCache } from './event-cache.ts';
import type { History, HistoryMark } from './history.ts';
import { MemberChanges } from './member-changes.ts';
import { createRedisRegister, type NotifiedRegister } from './notified-register.ts';
import { createRedisCache } from './redis-cache.ts';
import { RedisOccupancy } from './redis-occupancy.ts';
import { type Publication, RedisOutbox } from './redis-outbox.ts';
import { RedisPresence } from './redis-presence.ts';

/** What a bus over Redis depends on. */
export interface RedisBusOptions {
  /** The value of `REDIS_URL`. */
  readonly url: string;
  readonly log: GatewayLog;
  /** Provides what other nodes broadcast while this one was disconnected. */
  readonly history: History;
  /** Prefix of all names in Redis, for installations that share one. */
  readonly prefix?: string;
  /** Interval of this node's heartbeat. */
  readonly heartbeatMs?: number;
}

/** One name in each quarter of a cluster's slots: when a shard is lost, all nodes are still reachable by another. */
const toAll = ['all', 'all:1', 'all:3', 'all:4'];
/** How long a stop waits for messages in flight. */
const stopTimeoutMs = 2_000;
/** Delay before a rejected subscription is retried. */
const resubscribeMs = 1_000;
/** Batch size of resubscribing: each batch must be answered within the Redis timeout. */
const subscribedAtOnce = 1_000;

/**
 * A bus over Redis pub/sub; it connects in the background. This process's own clients are served directly; Redis
 * carries messages to other nodes, each of which subscribes only to its clients' topics. While Redis is unavailable,
 * messages reach this node's clients and are queued for other nodes; reconnecting never stops.
 */
export function createRedisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

/** A subscription of this node to a name in Redis. */
interface RedisSubscription {
  subscribed: Promise<void>;
  /** The log position when it started; `undefined` while it is being read, empty if that failed. */
  since: HistoryMark | undefined;
  /**
   * Redis rejected it or did not answer. Log events that arrive nevertheless may come after missed ones: they are left
   * to the next attempt, which reads the log.
   */
  isRejected: boolean;
}

class RedisBus implements Bus {
  readonly presence: RedisPresence;
  readonly occupancy: RedisOccupancy;
  readonly notified: NotifiedRegister;
  readonly cache: EventCache;
  readonly #log: GatewayLog;
  readonly #prefix: string;
  readonly #node = randomUUID();
  /** Names that every node subscribes to. */
  readonly #allNodes: readonly string[];
  readonly #publisher: RedisLink;
  readonly #subscriber: RedisLink;
  readonly #history: History;
  readonly #subscriptions = new Map<string, RedisSubscription>();
  readonly #outbox: RedisOutbox;
  readonly #backPressure = new BackPressure(() => this.#outbox.reached());
  readonly #catchUp: CatchUp;
  readonly #memberChanges: MemberChanges;
  #receiver: BusReceiver = () => {};
  #onMissed = () => {};
  /** The latest error of a rejected subscription. */
  #rejection: unknown;
  #connections = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor({ url, log, history, prefix = 'mevrik', heartbeatMs = 5_000 }: RedisBusOptions) {
    this.#log = log;
    this.#prefix = prefix;
    this.#history = history;
    this.#allNodes = toAll.map((name) => `${prefix}:${name}`);
    for (const name of this.#allNodes)
      this.#subscriptions.set(name, { subscribed: Promise.resolve(), since: new Map(), isRejected: false });
    this.#catchUp = new CatchUp({
      history,
      log,
      subscribedSince: ({ appId, topic }) => this.#subscriptions.get(this.#nameOf(appId, topic))?.since,
      deliver: (message) => this.#receiver(message),
      onMissed: () => this.#onMissed(),
    });
    this.#outbox = new RedisOutbox({
      isReady: ({ name }) => this.#publisher.reaches(name),
      send: ({ name, text }) => this.#publisher.publish(name, text),
      reportGap: () => this.#reportGap(),
      maxPublications: 10_000,
      maxBytes: 16 * 1024 * 1024,
      onLost: (publications) => {
        this.#log.warn(
          { publications },
          'messages did not reach the other nodes; they recover log events from the log',
        );
      },
    });
    this.#publisher = connectRedis({ url, log, purpose: 'publishing', onReady: () => this.#onPublisher() });
    this.#subscriber = connectRedis({
      url,
      log,
      purpose: 'subscribing',
      onReady: () => this.#onSubscriber(),
      onGone: () => this.#catchUp.disconnected(),
    });
    const shared = { link: this.#publisher, log, prefix, node: this.#node, heartbeatMs };
    this.occupancy = new RedisOccupancy(shared);
    this.notified = createRedisRegister(this.#publisher, prefix);
    this.cache = createRedisCache(this.#publisher, prefix);
    this.#memberChanges = new MemberChanges(this.#node, (message) => this.#receiver(message));
    this.presence = new RedisPresence({
      ...shared,
      nameOf: ({ appId, channel }) => this.#nameOf(appId, topicOf(channel)),
      publicationOf: (message) =>
        this.#memberChanges.publicationOf(this.#publicationOf(message).name, message),
      onPublished: (message) => this.#memberChanges.expect(message),
      deliver: (message) => this.#receiver(message),
    });
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) this.#receiver(message);
    const posted = Promise.all(messages.map((message) => this.#outbox.post(this.#publicationOf(message))));
    if (this.#publisher.isReady) await this.#backPressure.wait(posted);
  }

  async catchUp(partitions: readonly number[]): Promise<void> {
    // Later subscriptions start at the end of the log.
    if (this.#subscriptions.size > this.#allNodes.length) await this.#catchUp.fill(partitions);
  }

  forgetPositions(): void {
    // More than necessary is delivered when a gap is filled.
    for (const subscription of this.#subscriptions.values()) subscription.since = new Map();
    this.#catchUp.forgetMarks();
  }

  reached(): Promise<void> {
    return this.#outbox.reached();
  }

  isConnected(): boolean {
    return this.#allNodes.every((name) => this.#publisher.reaches(name) && this.#subscriber.reaches(name));
  }

  receive(receiver: BusReceiver, onMissed: () => void): void {
    this.#receiver = receiver;
    this.#onMissed = onMissed;
  }

  subscribe(appId: number, topic: string): Promise<void> {
    const name = this.#nameOf(appId, topic);
    const known = this.#subscriptions.get(name);
    if (known) return known.subscribed;
    const subscriptions: RedisSubscription = {
      subscribed: Promise.resolve(),
      since: undefined,
      isRejected: false,
    };
    this.#subscriptions.set(name, subscriptions);
    subscriptions.subscribed = this.#subscribeNow(name, subscriptions);
    this.#history.heads().then(
      (heads) => {
        // Unless the log has become another one.
        subscriptions.since ??= heads;
      },
      () => {
        // More than necessary is delivered when a gap is filled.
        subscriptions.since = new Map();
      },
    );
    return subscriptions.subscribed;
  }

  unsubscribe(appId: number, topic: string): void {
    const name = this.#nameOf(appId, topic);
    // A connection that is lost has no subscriptions either.
    if (this.#subscriptions.delete(name)) this.#subscriber.unsubscribe(name, this.#listen).catch(() => {});
  }

  async stop(): Promise<void> {
    await Promise.race([this.#outbox.reached(), delay(stopTimeoutMs)]);
    this.#outbox.stop();
    clearTimeout(this.#retry);
    await this.#catchUp.stop();
    this.#receiver = () => {};
    await this.occupancy.stop();
    await this.presence.stop();
    this.#publisher.destroy();
    this.#subscriber.destroy();
  }

  /** Reports the gap to every reachable shard, before anything newer goes there. */
  async #reportGap(): Promise<void> {
    const text = JSON.stringify({ node: this.#node, gap: true });
    const reachable = this.#allNodes.filter((name) => this.#publisher.reaches(name));
    if (reachable.length === 0) throw new NotSentError('no Redis node is reachable');
    await Promise.all(reachable.map((name) => this.#publisher.publish(name, text)));
  }

  #nameOf(appId: number, topic: string): string {
    return `${this.#prefix}:${appId}:${topic}`;
  }

  #nameOfAll(): string {
    const [first = ''] = this.#allNodes;
    return this.#allNodes.find((name) => this.#publisher.reaches(name)) ?? first;
  }

  #onPublisher(): void {
    this.#backPressure.reset();
    void this.#outbox.flush();
    this.occupancy.restore();
    this.presence.restore().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'failed to restore presence; retrying later');
    });
  }

  #onSubscriber(): void {
    this.#connections += 1;
    const subscribed = this.#subscribeAgain(this.#connections, [...this.#subscriptions]);
    for (const subscriptions of this.#subscriptions.values()) subscriptions.subscribed = subscribed;
  }

  async #subscribeAgain(
    connection: number,
    all: readonly (readonly [string, RedisSubscription])[],
  ): Promise<void> {
    if (all.some(([, { isRejected }]) => isRejected)) this.#catchUp.disconnected();
    this.#catchUp.resubscribing();
    for (const [, subscriptions] of all) subscriptions.isRejected = false;
    for (let at = 0; at < all.length; at += subscribedAtOnce) {
      const some = all
        .slice(at, at + subscribedAtOnce)
        .filter(([name, subscriptions]) => this.#subscriptions.get(name) === subscriptions);
      await Promise.all(some.map(([name, subscriptions]) => this.#subscribe(name, subscriptions)));
      // Disconnected again meanwhile: the next connection starts over.
      if (!this.#subscriber.isReady || connection !== this.#connections) return;
    }
    if (all.some(([, { isRejected }]) => isRejected)) this.#subscribeLater();
    else this.#catchUp.resubscribed(this.#isSubscribed());
  }

  /** Whether all subscriptions are made, also those to other Redis nodes and later ones. */
  #isSubscribed(): boolean {
    return [...this.#subscriptions].every(
      ([name, { isRejected }]) => !isRejected && this.#subscriber.reaches(name),
    );
  }

  #publicationOf(message: BusMessage): Publication {
    const address = addressOf(message);
    return {
      name: address ? this.#nameOf(address.appId, address.topic) : this.#nameOfAll(),
      text: JSON.stringify({ node: this.#node, message }),
      isRepeatable: 'at' in message,
    };
  }

  readonly #listen = (text: string, name: string): void => {
    const subscriptions = this.#subscriptions.get(name);
    if (!subscriptions) return;
    try {
      const envelope = JSON.parse(text) as { node: string; message?: BusMessage; gap?: true };
      if (envelope.message && 'order' in envelope.message) {
        this.#memberChanges.receive(envelope.message);
        return;
      }
      if (envelope.node === this.#node) return;
      if (envelope.gap) this.#catchUp.gapReported();
      if (!envelope.message) return;
      if ('at' in envelope.message) {
        if (!subscriptions.isRejected) this.#catchUp.receive(envelope.message);
      } else this.#receiver(envelope.message);
    } catch (error) {
      this.#log.warn({ err: error }, 'received an invalid message from Redis');
    }
  };

  async #subscribeNow(name: string, subscriptions: RedisSubscription): Promise<void> {
    await this.#subscribe(name, subscriptions);
    if (subscriptions.isRejected) this.#subscribeLater();
  }

  /** A subscription rejected by a connected Redis is not retried by reconnecting. */
  #subscribeLater(): void {
    if (this.#retry) return;
    this.#log.warn({ err: this.#rejection }, 'Redis rejected subscriptions; retrying later');
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#onSubscriber();
    }, resubscribeMs).unref();
  }

  /**
   * Makes a subscription if the responsible Redis node is connected. It is made again with every connection to it, and
   * then receives what it missed.
   */
  async #subscribe(name: string, subscriptions: RedisSubscription): Promise<void> {
    if (!this.#subscriber.reaches(name)) {
      // It may be the first connection that is awaited: none was lost that would have reported this.
      this.#catchUp.disconnected();
      return;
    }
    try {
      await withTimeout(this.#subscriber.subscribe(name, this.#listen));
    } catch (error) {
      // Otherwise the connection was lost, which is logged when it happens.
      if (!this.#subscriber.reaches(name)) return;
      this.#rejection = error;
      subscriptions.isRejected = true;
      this.#catchUp.disconnected();
    }
  }
}
