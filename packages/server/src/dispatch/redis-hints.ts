import { z } from 'zod';
import { connectRedis } from '../redis/connect-redis.ts';
import type { DispatchLog } from './dispatch-options.ts';

/** Hints to other nodes that partitions have new events. Hints may get lost; polling finds what they missed. */
export interface Hints {
  hint(partitions: readonly number[]): void;
  stop(): Promise<void>;
}

const channel = 'mevrik:hints';
/** The delay before a failed subscription is retried. */
const resubscribeMs = 1_000;
const partitionsSchema = z.array(z.int().nonnegative()).max(4096);

/** For a single node, without others to notify. */
export const noHints: Hints = { hint() {}, async stop() {} };

/**
 * Hints over Redis pub/sub, connected in the background. All events appended within one turn of the event loop are
 * one message. Without Redis, at startup too, hints are dropped until it is reachable.
 */
export function createRedisHints(options: {
  readonly url: string;
  readonly onHint: (partitions: readonly number[]) => void;
  readonly log: Pick<DispatchLog, 'info' | 'warn' | 'error'>;
}): Hints {
  const { url, onHint, log } = options;
  const publisher = connectRedis({ url, log, purpose: 'publishing hints', onReady: () => {} });
  const subscriber = connectRedis({ url, log, purpose: 'receiving hints', onReady: listen });
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
    publisher.publish(channel, message).catch(() => {
      // A lost hint is found by polling.
    });
  }

  function listen(): void {
    subscriber.subscribe(channel, receive).catch(() => {
      // Events missed meanwhile are found by polling.
      if (subscriber.reaches(channel)) setTimeout(listen, resubscribeMs).unref();
    });
  }

  function receive(message: string): void {
    const parsed = partitionsSchema.safeParse(parseJson(message));
    if (parsed.success) onHint(parsed.data);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the schema rejects it.
    return undefined;
  }
}
