import { destroyConnection, nodeAddress, openConnection, type RedisConnection } from './redis-connection.ts';
import type { RedisNode, RedisTarget } from './redis-url.ts';

/** The Sentinels of a master. */
export interface Sentinels {
  /** The address of the master. Rejects when no Sentinel knows it. */
  master(): Promise<RedisNode>;
  stop(): void;
}

/**
 * Asks one Sentinel after another until one knows the master, and keeps that connection. The Sentinels it reports
 * are asked too when the configured ones are unreachable.
 */
export function connectSentinels(target: RedisTarget): Sentinels {
  const known = new Map(target.nodes.map((node) => [nodeAddress(node), node]));
  let current: RedisConnection | undefined;
  let isStopped = false;
  return {
    async master() {
      try {
        if (current) return await ask(current);
      } catch {
        // Asked again below, and the error names each sentinel and its reason.
        disconnect();
      }
      const reasons: string[] = [];
      for (const node of [...known.values()]) {
        if (isStopped) break;
        try {
          current = await open(node);
          return await ask(current);
        } catch (error) {
          reasons.push(`${nodeAddress(node)}: ${error instanceof Error ? error.message : error}`);
          disconnect();
        }
      }
      throw new Error(`no Sentinel knows the master ${target.service} (${reasons.join('; ')})`);
    },
    stop() {
      isStopped = true;
      disconnect();
    },
  };

  function disconnect(): void {
    if (current) destroyConnection(current);
    current = undefined;
  }

  /** Sentinels have their own password, or none: the credentials of Redis are tried when they require one. */
  async function open(node: RedisNode): Promise<RedisConnection> {
    const { isEncrypted, username, password } = target;
    const open = (credentials: Pick<RedisTarget, 'username' | 'password'>) =>
      // A lost connection shows at the next question.
      openConnection({ node, target: { isEncrypted, database: 0, ...credentials }, onEnd: () => {} });
    try {
      return await open({ username: undefined, password: undefined });
    } catch (error) {
      if (password === undefined || !String(error).includes('NOAUTH')) throw error;
      return open({ username, password });
    }
  }

  async function ask(sentinel: RedisConnection): Promise<RedisNode> {
    const [address, others] = await Promise.all([
      sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', target.service]),
      // The other sentinels are optional: they only add addresses to ask.
      sentinel.sendCommand(['SENTINEL', 'SENTINELS', target.service]).catch(() => []),
    ]);
    const master = Array.isArray(address) ? nodeOf(address[0], address[1]) : undefined;
    if (!master) throw new Error('does not know the master');
    for (const other of Array.isArray(others) ? others : []) {
      const { ip, port } = fieldsOf(other);
      const node = nodeOf(ip, port);
      if (node) known.set(nodeAddress(node), node);
    }
    return master;
  }
}

function nodeOf(host: unknown, port: unknown): RedisNode | undefined {
  return typeof host === 'string' && host !== '' && Number(port) > 0
    ? { host, port: Number(port) }
    : undefined;
}

/** Redis answers with names and values in turn (RESP2) or with a map (RESP3). */
function fieldsOf(answer: unknown): Record<string, unknown> {
  if (!Array.isArray(answer)) return { ...(answer as object) };
  return Object.fromEntries(
    answer.flatMap((name, at) => (at % 2 === 0 ? [[String(name), answer[at + 1]]] : [])),
  );
}
