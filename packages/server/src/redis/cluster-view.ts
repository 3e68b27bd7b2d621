import { destroyConnection, nodeAddress, openConnection, type RedisConnection } from './redis-connection.ts';
import type { RedisNode, RedisTarget } from './redis-url.ts';

/** The slot map, as one node of the cluster sees it. */
export interface ClusterView {
  /** Increases with each election: of two views, the one with the higher epoch is newer. */
  readonly epoch: number;
  readonly shards: readonly ShardView[];
  /** Masters and replicas. */
  readonly nodes: readonly RedisNode[];
}

/** A master with a range of slots, both ends included. */
export interface ShardView {
  readonly master: RedisNode;
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the slot map: the newest one that the connected nodes know; when none of them answers, the one of the first
 * other node that does. Rejects when no node answers.
 */
export async function viewCluster(
  connected: ReadonlyMap<RedisNode, RedisConnection>,
  others: readonly RedisNode[],
  target: RedisTarget,
): Promise<ClusterView> {
  const asked = await Promise.allSettled([...connected].map(([node, connection]) => ask(node, connection)));
  const views = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [newest] = views.toSorted((one, other) => other.epoch - one.epoch);
  if (newest) return newest;
  const reasons: string[] = [];
  for (const node of others) {
    try {
      const connection = await openConnection({ node, target, onEnd: () => {} });
      try {
        return await ask(node, connection);
      } finally {
        destroyConnection(connection);
      }
    } catch (error) {
      reasons.push(`${nodeAddress(node)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`no node of the cluster answers (${reasons.join('; ')})`);
}

async function ask(node: RedisNode, connection: RedisConnection): Promise<ClusterView> {
  const [info, ranges] = await Promise.all([connection.clusterInfo(), connection.clusterSlots()]);
  // A node that does not know its own host name is known by the one it was reached at.
  const nodeOf = ({ host, port }: { host: string | null; port: number }): RedisNode => ({
    host: host || node.host,
    port,
  });
  const shards = ranges.map(({ from, to, master }) => ({ from, to, master: nodeOf(master) }));
  if (shards.length === 0) throw new Error('has no slots');
  return {
    epoch: Number(/cluster_current_epoch:(\d+)/.exec(info)?.[1] ?? 0),
    shards,
    nodes: ranges.flatMap(({ master, replicas }) => [master, ...replicas].map(nodeOf)),
  };
}
