import { parseTopic } from '@mevrik/protocol';
import type { Occupancy } from '../broadcast/bus/occupancy.ts';

/** The agents who have a desk open on any node, that is, whose own topic has a subscriber. */
export async function agentsAtDesk(
  occupancy: Pick<Occupancy, 'list'>,
  appIds: readonly number[],
): Promise<readonly number[]> {
  const occupied = await Promise.all(appIds.map((appId) => occupancy.list(appId)));
  const agents = occupied
    .flatMap((channels) => [...channels.keys()])
    .map((channel) => parseTopic(channel.replace(/^(private|presence)-/, '')))
    .flatMap((topic) => (topic?.kind === 'agent' ? [topic.id] : []));
  return [...new Set(agents)];
}
