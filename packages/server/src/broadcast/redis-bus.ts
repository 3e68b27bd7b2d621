import { randomUUID } from 'node:crypto';
import type { BusMessage } from './broadcast-message.ts';
import { type Bus, type BusReceiver, topicOf } from './bus.ts';
import { type CachedEvent, cacheMs, createLocalCache, type EventCache } from './event-cache.ts';
import type { GatewayLog } from './gateway-dependencies.ts';
import { connectRedis, patiently, type RedisLink } from './redis-link.ts';
import { createRedisOccupancy } from './redis-occupancy.ts';
import { createRedisPresence } from './redis-presence.ts';

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
 * A bus over Redis' pub/sub. This process's own clients are served directly; Redis carries messages to other nodes,
 * each of which subscribes only to what its clients hear. While Redis is gone, messages reach the own clients alone;
 * it is reconnected to without end.
 */
export function createRedisBus({ url, log, prefix = 'mevrik', heartbeatMs = 5_000 }: RedisBusOptions): Bus {
  const node = randomUUID();
  const allNodes = `${prefix}:all`;
  const heard = new Map<string, Promise<void>>([[allNodes, Promise.resolve()]]);
  /** Names that the connection will subscribe to again although nobody hears them any more. */
  const stale = new Set<string>();
  let receiver: BusReceiver = () => {};
  let lost = 0;
  /** Redis did not answer the last time: the own clients must not wait for it. */
  let isSlow = false;

  const publisher = connectRedis({ url, log, purpose: 'publishing', onReady });
  const subscriber = connectRedis({
    url,
    log,
    purpose: 'subscribing',
    onReady: () => {
      for (const name of heard.keys()) heard.set(name, subscribe(name));
      for (const name of stale) unsubscribe(name);
      stale.clear();
    },
  });
  const presence = createRedisPresence({
    link: publisher,
    log,
    prefix,
    node,
    heartbeatMs,
    announce: (change, { appId, channel }, member) =>
      void publish([{ appId, channel, event: `pusher_internal:${change}`, data: JSON.stringify(member) }]),
  });
  const occupancy = createRedisOccupancy({ link: publisher, log, prefix, node, heartbeatMs });
  const nameOf = (appId: number, topic: string) => `${prefix}:${appId}:${topic}`;

  function onReady(): void {
    if (lost > 0) log.warn({ lost }, 'messages did not reach other nodes while Redis was gone');
    lost = 0;
    isSlow = false;
    presence.restore().catch((error: unknown) => {
      log.warn({ error: String(error) }, 'presence is entered again later');
    });
  }

  function listen(text: string): void {
    try {
      const message = readEnvelope(text, node);
      if (message) receiver(message);
    } catch (error) {
      log.warn({ error: String(error) }, 'something at Redis is no message of ours');
    }
  }

  async function subscribe(name: string): Promise<void> {
    if (!subscriber.isReady) return;
    await patiently(subscriber.subscribe(name, listen)).catch((error: unknown) => {
      log.warn({ name, error: String(error) }, 'a subscription at Redis is made later');
    });
  }

  function unsubscribe(name: string): void {
    if (subscriber.isReady) subscriber.unsubscribe(name, listen).catch(() => {});
    else stale.add(name);
  }

  async function send(message: BusMessage): Promise<void> {
    const topic = topicOf(message);
    const name = topic === undefined ? allNodes : nameOf(message.appId, topic);
    try {
      await patiently(publisher.publish(name, JSON.stringify({ node, message })));
      isSlow = false;
    } catch {
      isSlow = true;
      lost += 1;
    }
  }

  async function publish(messages: readonly BusMessage[]): Promise<void> {
    for (const message of messages) receiver(message);
    if (!publisher.isReady) {
      lost += messages.length;
      return;
    }
    const sent = Promise.all(messages.map(send));
    if (!isSlow) await sent;
  }

  return {
    publish,
    presence,
    occupancy,
    cache: createRedisCache(publisher, prefix),
    receive(next) {
      receiver = next;
    },
    hear(appId, topic) {
      const name = nameOf(appId, topic);
      const known = heard.get(name);
      if (known) return known;
      stale.delete(name);
      const subscribed = subscribe(name);
      heard.set(name, subscribed);
      return subscribed;
    },
    unhear(appId, topic) {
      const name = nameOf(appId, topic);
      if (heard.delete(name)) unsubscribe(name);
    },
    async stop() {
      receiver = () => {};
      occupancy.stop();
      await presence.stop();
      for (const link of [publisher, subscriber]) if (link.isOpen) link.destroy();
    },
  };
}

/** What another node sent; `undefined` for what came from here. Throws for what is not ours. */
function readEnvelope(text: string, node: string): BusMessage | undefined {
  const envelope = JSON.parse(text) as { node: string; message: BusMessage };
  return envelope.node === node ? undefined : envelope.message;
}

/** The last events in Redis; while it is gone, those that this node knows of. */
function createRedisCache(link: RedisLink, prefix: string): EventCache {
  const local = createLocalCache();
  const keyOfChannel = (appId: number, channel: string) => `${prefix}:cache:${appId}:${channel}`;
  return {
    async put(appId, channel, event) {
      await local.put(appId, channel, event);
      await patiently(link.set(keyOfChannel(appId, channel), JSON.stringify(event), { PX: cacheMs })).catch(
        () => {},
      );
    },
    async get(appId, channel) {
      try {
        const text = await patiently(link.get(keyOfChannel(appId, channel)));
        return text === null ? undefined : (JSON.parse(text) as CachedEvent);
      } catch {
        return local.get(appId, channel);
      }
    },
    sweep: () => local.sweep(),
  };
}
