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
 * Hints over Redis pub/sub. All that was appended within one turn of the event loop is one message.
 * Redis being away is survived: hints are dropped until it is back.
 */
export async function createRedisHints(options: {
  readonly url: string;
  readonly onHint: (partitions: readonly number[]) => void;
  readonly log: DispatchLog;
}): Promise<Hints> {
  const { url, onHint, log } = options;
  const publisher = createClient({ url, disableOfflineQueue: true });
  const subscriber = createClient({ url });
  for (const client of [publisher, subscriber]) {
    client.on('error', (error: Error) =>
      log.warn({ reason: error.message }, 'Redis is not reachable for hints'),
    );
  }
  await Promise.all([publisher.connect(), subscriber.connect()]);
  await subscriber.subscribe(channel, (message) => {
    const parsed = partitionsSchema.safeParse(parseJson(message));
    if (parsed.success) onHint(parsed.data);
  });
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
