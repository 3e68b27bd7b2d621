import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import type { BusMessage } from './broadcast-message.ts';
import { type Bus, type BusReceiver, topicOf } from './bus.ts';
import type { GatewayLog } from './gateway-dependencies.ts';

/** What a bus over Redis is given. */
export interface RedisBusOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  readonly log: GatewayLog;
  /** Put before the names of Redis' channels, where several installations share one Redis. */
  readonly prefix?: string;
}

/** How long Redis may take before we go on without its answer. */
const patienceMs = 2_000;
/** What may wait for a Redis that does not answer. */
const maxWaiting = 50_000;

/**
 * A bus over Redis' pub/sub. This process's own clients are served directly; Redis carries messages to other nodes,
 * each of which subscribes only to what its clients hear. While Redis is gone, messages reach the own clients alone;
 * it is reconnected to without end.
 */
export function createRedisBus({ url, log, prefix = 'mevrik' }: RedisBusOptions): Bus {
  const node = randomUUID();
  const allNodes = `${prefix}:all`;
  const heard = new Map<string, Promise<void>>([[allNodes, Promise.resolve()]]);
  let receiver: BusReceiver = () => {};
  let lost = 0;

  const publisher = connect(url, log, 'publishing', () => {
    if (lost > 0) log.warn({ lost }, 'messages did not reach other nodes while Redis was gone');
    lost = 0;
  });
  const subscriber = connect(url, log, 'subscribing', () => {
    for (const name of heard.keys()) heard.set(name, subscribe(name));
  });

  const nameOf = (appId: number, topic: string) => `${prefix}:${appId}:${topic}`;
  const listen = (text: string) => {
    try {
      const message = readEnvelope(text, node);
      if (message) receiver(message);
    } catch (error) {
      log.warn({ error: String(error) }, 'something at Redis is no message of ours');
    }
  };

  async function subscribe(name: string): Promise<void> {
    if (!subscriber.isReady) return;
    await patiently(subscriber.subscribe(name, listen)).catch((error: unknown) => {
      log.warn({ name, error: String(error) }, 'a subscription at Redis is made later');
    });
  }

  async function send(message: BusMessage): Promise<void> {
    const topic = topicOf(message);
    const name = topic === undefined ? allNodes : nameOf(message.appId, topic);
    try {
      await patiently(publisher.publish(name, JSON.stringify({ node, message })));
    } catch {
      lost += 1;
    }
  }

  return {
    async publish(messages) {
      for (const message of messages) receiver(message);
      if (publisher.isReady) await Promise.all(messages.map(send));
      else lost += messages.length;
    },
    receive(next) {
      receiver = next;
    },
    hear(appId, topic) {
      const name = nameOf(appId, topic);
      const known = heard.get(name);
      if (known) return known;
      const subscribed = subscribe(name);
      heard.set(name, subscribed);
      return subscribed;
    },
    unhear(appId, topic) {
      const name = nameOf(appId, topic);
      if (!heard.delete(name) || !subscriber.isReady) return;
      subscriber.unsubscribe(name, listen).catch(() => {});
    },
    async stop() {
      receiver = () => {};
      for (const client of [publisher, subscriber]) if (client.isOpen) client.destroy();
    },
  };
}

function connect(url: string, log: GatewayLog, purpose: string, onReady: () => void) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxWaiting,
    socket: {
      connectTimeout: patienceMs,
      reconnectStrategy: (retries: number) =>
        Math.min(2_000, 50 * 2 ** Math.min(retries, 6)) + Math.random() * 100,
    },
  });
  let isGone = false;
  client.on('error', (error: unknown) => {
    if (!isGone) log.warn({ purpose, error: String(error) }, 'Redis is gone; connecting again');
    isGone = true;
  });
  client.on('ready', () => {
    if (isGone) log.info({ purpose }, 'Redis is back');
    isGone = false;
    onReady();
  });
  // Rejects only when it is stopped before it ever connected.
  client.connect().catch(() => {});
  return client;
}

/** Gives up waiting after a while; the work itself goes on. */
async function patiently<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), patienceMs);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** What another node sent; `undefined` for what came from here. Throws for what is not ours. */
function readEnvelope(text: string, node: string): BusMessage | undefined {
  const envelope = JSON.parse(text) as { node: string; message: BusMessage };
  return envelope.node === node ? undefined : envelope.message;
}
