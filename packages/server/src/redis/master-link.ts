import { keepConnected } from './kept-connection.ts';
import { createCommands } from './redis-commands.ts';
import { nodeAddress, openConnection, openMaster, type RedisConnection } from './redis-connection.ts';
import { type LinkOptions, NotSentError, type RedisLink } from './redis-link.ts';
import type { RedisTarget } from './redis-url.ts';
import { connectSentinels } from './sentinels.ts';

/** How often the Sentinels are asked for the master: it may be cut off from them but not from us. */
const reviewMs = 1_000;

/** A link to one server: a fixed one, or the master that the Sentinels report. */
export function linkToMaster(target: RedisTarget, options: LinkOptions): RedisLink {
  const { log, purpose, onReady, onGone } = options;
  const [only] = target.nodes;
  const sentinels = target.form === 'sentinel' ? connectSentinels(target) : undefined;
  const open = sentinels ? openMaster : openConnection;
  const kept = keepConnected({
    find: () => sentinels?.master() ?? only,
    open: (node, onEnd) => open({ node, target, onEnd }),
    reviewMs: sentinels && reviewMs,
    log,
    about: { purpose, redis: sentinels ? target.service : nodeAddress(only) },
    onReady,
    onGone: () => onGone?.(),
  });
  const connection = (): RedisConnection => {
    if (!kept.current) throw new NotSentError('Redis is not reachable');
    return kept.current;
  };
  return {
    ...createCommands((_key, work) => work(connection())),
    get isReady() {
      return kept.current !== undefined;
    },
    reaches: () => kept.current !== undefined,
    publishCommand: 'PUBLISH',
    async publish(name, text) {
      await connection().publish(name, text);
    },
    subscribe: async (name, listener) => connection().subscribe(name, listener),
    unsubscribe: async (name, listener) => connection().unsubscribe(name, listener),
    destroy() {
      kept.stop();
      sentinels?.stop();
    },
  };
}
