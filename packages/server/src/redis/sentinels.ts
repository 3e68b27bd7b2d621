import { addressOf, destroyConnection, openConnection, type RedisConnection } from './redis-connection.ts';
import type { RedisNode, RedisTarget } from './redis-url.ts';

/** The Sentinels that watch a master. */
export interface Sentinels {
  /** Where the master is. Rejects when no Sentinel knows. */
  master(): Promise<RedisNode>;
  stop(): void;
}

/**
 * Asks one Sentinel after the other until one knows the master, and stays with that one. Other Sentinels that it
 * knows of are asked too once those of the address are gone.
 */
export function connectSentinels(target: RedisTarget): Sentinels {
  const known = new Map(target.nodes.map((node) => [addressOf(node), node]));
  let current: RedisConnection | undefined;
  let isStopped = false;
  return {
    async master() {
      try {
        if (current) return await ask(current);
      } catch {
        leave();
      }
      const reasons: string[] = [];
      for (const node of [...known.values()]) {
        if (isStopped) break;
        try {
          current = await open(node);
          return await ask(current);
        } catch (error) {
          reasons.push(`${addressOf(node)}: ${error instanceof Error ? error.message : error}`);
          leave();
        }
      }
      throw new Error(`no Sentinel knows the master ${target.service} (${reasons.join('; ')})`);
    },
    stop() {
      isStopped = true;
      leave();
    },
  };

  function leave(): void {
    if (current) destroyConnection(current);
    current = undefined;
  }

  /** Sentinels have a password of their own, or none: those of Redis are tried where they want one. */
  async function open(node: RedisNode): Promise<RedisConnection> {
    const { isEncrypted, username, password } = target;
    const open = (credentials: Pick<RedisTarget, 'username' | 'password'>) =>
      // That it has ended shows when it is asked.
      openConnection({ node, target: { isEncrypted, database: 0, ...credentials }, onEnd: () => {} });
    try {
      return await open({ username: undefined, password: undefined });
    } catch (error) {
      if (password === undefined || !String(error).includes('NOAUTH')) throw error;
      return open({ username, password });
    }
  }

  async function ask(sentinel: RedisConnection): Promise<RedisNode> {
    const [place, others] = await Promise.all([
      sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', target.service]),
      sentinel.sendCommand(['SENTINEL', 'SENTINELS', target.service]).catch(() => []),
    ]);
    const master = Array.isArray(place) ? nodeOf(place[0], place[1]) : undefined;
    if (!master) throw new Error('does not know it');
    for (const other of Array.isArray(others) ? others : []) {
      const { ip, port } = fieldsOf(other);
      const node = nodeOf(ip, port);
      if (node) known.set(addressOf(node), node);
    }
    return master;
  }
}

function nodeOf(host: unknown, port: unknown): RedisNode | undefined {
  return typeof host === 'string' && host !== '' && Number(port) > 0
    ? { host, port: Number(port) }
    : undefined;
}

/** Redis' answer to who something is comes as names and values in turn, or as a map. */
function fieldsOf(answer: unknown): Record<string, unknown> {
  if (!Array.isArray(answer)) return { ...(answer as object) };
  return Object.fromEntries(
    answer.flatMap((name, at) => (at % 2 === 0 ? [[String(name), answer[at + 1]]] : [])),
  );
}
