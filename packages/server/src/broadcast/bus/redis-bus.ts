import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis } from '../../redis/connect-redis.ts';
import { NotSentError, type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import type { BusMessage } from './broadcast-message.ts';
import { addressOf, type Bus, type BusReceiver } from './bus.ts';
import { CatchUp } from './catch-up.ts';
import type { EventCache } from './event-cache.ts';
import type { History, HistoryMark } from './history.ts';
import { createRedisRegister, type ToldRegister } from './notified-register.ts';
import { presenceNews } from './presence-news.ts';
import { createRedisCache } from './redis-cache.ts';
import { RedisOccupancy } from './redis-occupancy.ts';
import { type Letter, Outbox } from './redis-outbox.ts';
import { RedisPresence } from './redis-presence.ts';

/** What a bus over Redis is given. */
export interface RedisBusOptions {
  /** As `REDIS_URL` has it. */
  readonly url: string;
  readonly log: GatewayLog;
  /** Where it is read what other nodes broadcast while this one was cut off. */
  readonly history: History;
  /** Put before all names in Redis, where several installations share one. */
  readonly prefix?: string;
  /** How often this node says that it lives. */
  readonly heartbeatMs?: number;
}

/** One in each quarter of a cluster's slots: while a shard is lost, all nodes are told by another. */
const toAll = ['all', 'all:1', 'all:3', 'all:4'];
/** How long a stop waits for what is on its way. */
const lastWordsMs = 2_000;
/** When a Redis that refused a subscription is asked again. */
const resubscribeMs = 1_000;
/** Each is to be answered within our patience. */
const subscribedAtOnce = 1_000;

/**
 * A bus over Redis' pub/sub; it connects in the background. This process's own clients are served directly; Redis
 * carries messages to other nodes, each of which subscribes only to what its clients hear. While Redis is gone,
 * messages reach the own clients, and wait for the others; it is reconnected to without end.
 */
export function createRedisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

/** A name at Redis that this node listens to. */
interface Heard {
  subscribed: Promise<void>;
  /** Where the log stood when that began; empty while it is not known. */
  since: HistoryMark;
}

/** Whether a subscription stands; `gone`: it is made when who has the name is connected again. */
type Subscribed = 'made' | 'refused' | 'gone';

class RedisBus implements Bus {
  readonly presence: RedisPresence;
  readonly occupancy: RedisOccupancy;
  readonly told: ToldRegister;
  readonly cache: EventCache;
  readonly #log: GatewayLog;
  readonly #prefix: string;
  readonly #node = randomUUID();
  /** Names that every node hears. */
  readonly #allNodes: readonly string[];
  readonly #publisher: RedisLink;
  readonly #subscriber: RedisLink;
  readonly #history: History;
  readonly #heard = new Map<string, Heard>();
  readonly #outbox: Outbox;
  readonly #catchUp: CatchUp;
  #receiver: BusReceiver = () => {};
  #onMissed = () => {};
  /** Redis did not answer the last time. */
  #isSlow = false;
  #connections = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor({ url, log, history, prefix = 'mevrik', heartbeatMs = 5_000 }: RedisBusOptions) {
    this.#log = log;
    this.#prefix = prefix;
    this.#history = history;
    this.#allNodes = toAll.map((name) => `${prefix}:${name}`);
    for (const name of this.#allNodes)
      this.#heard.set(name, { subscribed: Promise.resolve(), since: new Map() });
    this.#catchUp = new CatchUp({
      history,
      log,
      heardSince: ({ appId, topic }) => this.#heard.get(this.#nameOf(appId, topic))?.since,
      deliver: (message) => this.#receiver(message),
      onMissed: () => this.#onMissed(),
    });
    this.#outbox = new Outbox({
      isReady: ({ name }) => this.#publisher.reaches(name),
      send: ({ name, text }) => this.#publisher.publish(name, text),
      confess: () => this.#confess(),
      maxLetters: 10_000,
      maxBytes: 16 * 1024 * 1024,
      onLost: (letters) => {
        this.#log.warn(
          { letters },
          'messages did not reach the other nodes; they read in the log what it has',
        );
      },
    });
    this.#publisher = connectRedis({ url, log, purpose: 'publishing', onReady: () => this.#onPublisher() });
    this.#subscriber = connectRedis({
      url,
      log,
      purpose: 'subscribing',
      onReady: () => this.#onSubscriber(),
      onGone: () => this.#catchUp.cut(),
    });
    const shared = { link: this.#publisher, log, prefix, node: this.#node, heartbeatMs };
    this.occupancy = new RedisOccupancy(shared);
    this.told = createRedisRegister(this.#publisher, prefix);
    this.cache = createRedisCache(this.#publisher, prefix);
    this.presence = new RedisPresence({
      ...shared,
      announce: (change, at, member) => void this.publish([presenceNews(change, at, member)]),
    });
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) this.#receiver(message);
    const posted = Promise.all(messages.map((message) => this.#outbox.post(this.#letterOf(message))));
    // The own clients are served, and must not wait for a Redis that does not answer.
    if (this.#publisher.isReady && !this.#isSlow) await this.#patiently(posted);
  }

  reached(): Promise<void> {
    return this.#outbox.reached();
  }

  receive(receiver: BusReceiver, onMissed: () => void): void {
    this.#receiver = receiver;
    this.#onMissed = onMissed;
  }

  hear(appId: number, topic: string): Promise<void> {
    const name = this.#nameOf(appId, topic);
    const known = this.#heard.get(name);
    if (known) return known.subscribed;
    const heard: Heard = { subscribed: this.#hearNow(name), since: new Map() };
    this.#heard.set(name, heard);
    this.#history.heads().then(
      (heads) => {
        heard.since = heads;
      },
      () => {},
    );
    return heard.subscribed;
  }

  unhear(appId: number, topic: string): void {
    const name = this.#nameOf(appId, topic);
    if (this.#heard.delete(name)) this.#subscriber.unsubscribe(name, this.#listen).catch(() => {});
  }

  async stop(): Promise<void> {
    await Promise.race([this.#outbox.reached(), delay(lastWordsMs)]);
    this.#outbox.stop();
    clearTimeout(this.#retry);
    await this.#catchUp.stop();
    this.#receiver = () => {};
    await this.occupancy.stop();
    await this.presence.stop();
    this.#publisher.destroy();
    this.#subscriber.destroy();
  }

  /** Tells every shard that can be told, before anything newer goes there. */
  async #confess(): Promise<void> {
    const text = JSON.stringify({ node: this.#node, gap: true });
    const reachable = this.#allNodes.filter((name) => this.#publisher.reaches(name));
    if (reachable.length === 0) throw new NotSentError('nobody can be told');
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
    this.#isSlow = false;
    void this.#outbox.flush();
    this.occupancy.restore();
    this.presence.restore().catch((error: unknown) => {
      this.#log.warn({ error: String(error) }, 'presence is entered again later');
    });
  }

  #onSubscriber(): void {
    this.#connections += 1;
    const subscribed = this.#subscribeAgain(this.#connections, [...this.#heard]);
    for (const heard of this.#heard.values()) heard.subscribed = subscribed;
  }

  async #subscribeAgain(connection: number, all: readonly (readonly [string, Heard])[]): Promise<void> {
    this.#catchUp.mending();
    const states = new Set<Subscribed>();
    for (let at = 0; at < all.length; at += subscribedAtOnce) {
      const some = all
        .slice(at, at + subscribedAtOnce)
        .filter(([name, heard]) => this.#heard.get(name) === heard);
      for (const state of await Promise.all(some.map(([name]) => this.#subscribe(name)))) states.add(state);
      // Cut off again meanwhile: the next connection begins anew, or has begun.
      if (!this.#subscriber.isReady || connection !== this.#connections) return;
    }
    if (states.has('refused')) this.#subscribeLater();
    else this.#catchUp.mended(!states.has('gone'));
  }

  #letterOf(message: BusMessage): Letter {
    const address = addressOf(message);
    return {
      name: address ? this.#nameOf(address.appId, address.topic) : this.#nameOfAll(),
      text: JSON.stringify({ node: this.#node, message }),
      isRepeatable: 'at' in message,
    };
  }

  async #patiently(work: Promise<unknown>): Promise<void> {
    try {
      await withTimeout(work);
      this.#isSlow = false;
    } catch {
      this.#isSlow = true;
    }
  }

  readonly #listen = (text: string, name: string): void => {
    if (!this.#heard.has(name)) return;
    try {
      const envelope = JSON.parse(text) as { node: string; message?: BusMessage; gap?: true };
      if (envelope.node === this.#node) return;
      if (envelope.gap) this.#catchUp.missed();
      if (!envelope.message) return;
      if ('at' in envelope.message) this.#catchUp.take(envelope.message);
      else this.#receiver(envelope.message);
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'something at Redis is no message of ours');
    }
  };

  async #hearNow(name: string): Promise<void> {
    if ((await this.#subscribe(name)) === 'refused') this.#subscribeLater();
  }

  /** A subscription that is refused while Redis is there would never be heard of again. */
  #subscribeLater(): void {
    if (this.#retry) return;
    this.#log.warn({}, 'subscriptions at Redis were refused, and are made later');
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#onSubscriber();
    }, resubscribeMs).unref();
  }

  /** It is made again with every connection to who has the name. */
  async #subscribe(name: string): Promise<Subscribed> {
    try {
      if (this.#subscriber.reaches(name)) await withTimeout(this.#subscriber.subscribe(name, this.#listen));
    } catch {
      if (this.#subscriber.reaches(name)) return 'refused';
    }
    return this.#subscriber.reaches(name) ? 'made' : 'gone';
  }
}
