import { randomUUID } from 'node:crypto';
import type { BusMessage } from './broadcast-message.ts';
import { type Bus, type BusReceiver, topicOf } from './bus.ts';
import type { EventCache } from './event-cache.ts';
import type { GatewayLog } from './gateway-dependencies.ts';
import { createRedisCache } from './redis-cache.ts';
import { connectRedis, patiently, type RedisLink } from './redis-link.ts';
import { RedisOccupancy } from './redis-occupancy.ts';
import { RedisPresence } from './redis-presence.ts';

/** What a bus over Redis is given. */
export interface RedisBusOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  readonly log: GatewayLog;
  /** Put before all names in Redis, where several installations share one. */
  readonly prefix?: string;
  /** How often this node says that it lives. */
  readonly heartbeatMs?: number;
}

/**
 * A bus over Redis' pub/sub; it connects in the background. This process's own clients are served directly; Redis
 * carries messages to other nodes, each of which subscribes only to what its clients hear. While Redis is gone,
 * messages reach the own clients alone; it is reconnected to without end.
 */
export function createRedisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

class RedisBus implements Bus {
  readonly presence: RedisPresence;
  readonly occupancy: RedisOccupancy;
  readonly cache: EventCache;
  readonly #log: GatewayLog;
  readonly #prefix: string;
  readonly #node = randomUUID();
  readonly #publisher: RedisLink;
  readonly #subscriber: RedisLink;
  readonly #heard = new Map<string, Promise<void>>();
  /** Names that the connection will subscribe to again although nobody hears them any more. */
  readonly #stale = new Set<string>();
  #receiver: BusReceiver = () => {};
  #lost = 0;
  /** Redis did not answer the last time: the own clients must not wait for it. */
  #isSlow = false;

  constructor({ url, log, prefix = 'mevrik', heartbeatMs = 5_000 }: RedisBusOptions) {
    this.#log = log;
    this.#prefix = prefix;
    this.#heard.set(this.#allNodes, Promise.resolve());
    this.#publisher = connectRedis({ url, log, purpose: 'publishing', onReady: () => this.#onPublisher() });
    this.#subscriber = connectRedis({
      url,
      log,
      purpose: 'subscribing',
      onReady: () => this.#onSubscriber(),
    });
    const shared = { link: this.#publisher, log, prefix, node: this.#node, heartbeatMs };
    this.occupancy = new RedisOccupancy(shared);
    this.cache = createRedisCache(this.#publisher, prefix);
    this.presence = new RedisPresence({
      ...shared,
      announce: (change, { appId, channel }, member) => {
        const data = JSON.stringify(member);
        void this.publish([{ appId, channel, event: `pusher_internal:${change}`, data }]);
      },
    });
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) this.#receiver(message);
    if (!this.#publisher.isReady) {
      this.#lost += messages.length;
      return;
    }
    const sent = Promise.all(messages.map((message) => this.#send(message)));
    if (!this.#isSlow) await sent;
  }

  receive(receiver: BusReceiver): void {
    this.#receiver = receiver;
  }

  hear(appId: number, topic: string): Promise<void> {
    const name = this.#nameOf(appId, topic);
    const known = this.#heard.get(name);
    if (known) return known;
    this.#stale.delete(name);
    const subscribed = this.#subscribe(name);
    this.#heard.set(name, subscribed);
    return subscribed;
  }

  unhear(appId: number, topic: string): void {
    const name = this.#nameOf(appId, topic);
    if (this.#heard.delete(name)) this.#unsubscribe(name);
  }

  async stop(): Promise<void> {
    this.#receiver = () => {};
    this.occupancy.stop();
    await this.presence.stop();
    for (const link of [this.#publisher, this.#subscriber]) if (link.isOpen) link.destroy();
  }

  get #allNodes(): string {
    return `${this.#prefix}:all`;
  }

  #nameOf(appId: number, topic: string): string {
    return `${this.#prefix}:${appId}:${topic}`;
  }

  #onPublisher(): void {
    if (this.#lost > 0) {
      this.#log.warn({ lost: this.#lost }, 'messages did not reach other nodes while Redis was gone');
    }
    this.#lost = 0;
    this.#isSlow = false;
    this.presence.restore().catch((error: unknown) => {
      this.#log.warn({ error: String(error) }, 'presence is entered again later');
    });
  }

  #onSubscriber(): void {
    for (const name of this.#heard.keys()) this.#heard.set(name, this.#subscribe(name));
    for (const name of this.#stale) this.#unsubscribe(name);
    this.#stale.clear();
  }

  async #send(message: BusMessage): Promise<void> {
    const topic = topicOf(message);
    const name = topic === undefined ? this.#allNodes : this.#nameOf(message.appId, topic);
    try {
      await patiently(this.#publisher.publish(name, JSON.stringify({ node: this.#node, message })));
      this.#isSlow = false;
    } catch {
      this.#isSlow = true;
      this.#lost += 1;
    }
  }

  readonly #listen = (text: string): void => {
    try {
      const { node, message } = JSON.parse(text) as { node: string; message: BusMessage };
      if (node !== this.#node) this.#receiver(message);
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'something at Redis is no message of ours');
    }
  };

  async #subscribe(name: string): Promise<void> {
    if (!this.#subscriber.isReady) return;
    await patiently(this.#subscriber.subscribe(name, this.#listen)).catch((error: unknown) => {
      this.#log.warn({ name, error: String(error) }, 'a subscription at Redis is made later');
    });
  }

  #unsubscribe(name: string): void {
    if (this.#subscriber.isReady) this.#subscriber.unsubscribe(name, this.#listen).catch(() => {});
    else this.#stale.add(name);
  }
}
