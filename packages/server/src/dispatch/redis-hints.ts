import { z } from 'zod';
import { connectRedis } from '../redis/connect-redis.ts';
import type { DispatchLog } from './dispatch-options.ts';

/** Tells the other nodes that partitions have news. Hints may get lost: the slow poll finds what they missed. */
export interface Hints {
  hint(partitions: readonly number[]): void;
  stop(): Promise<void>;
}

const channel = 'mevrik:hints';
/** When a Redis that refused the subscription is asked again. */
const resubscribeMs = 1_000;
const partitionsSchema = z.array(z.int().nonnegative()).max(4096);

/** One node: there is nobody to tell. */
export const noHints: Hints = { hint() {}, async stop() {} };

/**
 * Hints over Redis pub/sub; it connects in the background. All that was appended within one turn of the event loop is
 * one message. Redis being away is survived, at the start too: hints are dropped until it is back.
 */
export function createRedisHints(options: {
  readonly url: string;
  readonly onHint: (partitions: readonly number[]) => void;
  readonly log: DispatchLog;
}): Hints {
  const { url, onHint, log } = options;
  const publisher = connectRedis({ url, log, purpose: 'giving hints', onReady: () => {} });
  const subscriber = connectRedis({ url, log, purpose: 'taking hints', onReady: listen });
  const waiting = new Set<number>();
  return {
    hint(partitions) {
      if (waiting.size === 0) setImmediate(flush);
      for (const partition of partitions) waiting.add(partition);
    },
    async stop() {
      waiting.clear();
      publisher.destroy();
      subscriber.destroy();
    },
  };

  function flush(): void {
    const message = JSON.stringify([...waiting]);
    waiting.clear();
    publisher.publish(channel, message).catch(() => {});
  }

  function listen(): void {
    subscriber.subscribe(channel, take).catch(() => {
      // What is not heard meanwhile is found by the slow poll.
      if (subscriber.reaches(channel)) setTimeout(listen, resubscribeMs).unref();
    });
  }

  function take(message: string): void {
    const parsed = partitionsSchema.safeParse(parseJson(message));
    if (parsed.success) onHint(parsed.data);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
