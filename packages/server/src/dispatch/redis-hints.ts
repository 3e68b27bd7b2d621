import { createClient } from 'redis';
import { z } from 'zod';
import type { DispatchLog } from './dispatch-options.ts';

/** Tells the other nodes that partitions have news. Hints may get lost: the slow poll finds what they missed. */
export interface Hints {
  hint(partitions: readonly number[]): void;
  stop(): Promise<void>;
}

const channel = 'mevrik:hints';
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
  const publisher = createClient({ url, disableOfflineQueue: true });
  const subscriber = createClient({ url });
  for (const client of [publisher, subscriber]) {
    let isGone = false;
    client.on('error', (error: Error) => {
      if (!isGone) log.warn({ reason: error.message }, 'Redis is not reachable for hints; connecting again');
      isGone = true;
    });
    client.on('ready', () => {
      isGone = false;
    });
    // Rejects only when it is stopped before it ever connected.
    client.connect().catch(() => {});
  }
  // Waits for the connection, and is said again on every later one.
  subscriber
    .subscribe(channel, (message) => {
      const parsed = partitionsSchema.safeParse(parseJson(message));
      if (parsed.success) onHint(parsed.data);
    })
    .catch(() => {});
  const waiting = new Set<number>();
  return {
    hint(partitions) {
      if (waiting.size === 0) setImmediate(flush);
      for (const partition of partitions) waiting.add(partition);
    },
    async stop() {
      waiting.clear();
      for (const client of [publisher, subscriber]) if (client.isOpen) client.destroy();
    },
  };

  function flush(): void {
    const message = JSON.stringify([...waiting]);
    waiting.clear();
    if (publisher.isReady) publisher.publish(channel, message).catch(() => {});
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
