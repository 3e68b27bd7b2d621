import type { ChannelAdapter, ChannelSender } from './channel.ts';

/** The kinds of channel that this server supports. */
export interface ChannelRegistry {
  /** Every adapter, in the order in which administrators see them. */
  readonly adapters: readonly ChannelAdapter[];
  /** The adapter of a kind; `undefined` for a kind that this server does not support. */
  adapterFor(kind: string): ChannelAdapter | undefined;
  /** How replies reach the customers of a kind of channel. */
  senderFor(kind: string): ChannelSender;
}

/**
 * Creates the registry of the given adapters.
 *
 * @throws Error when two adapters have the same kind.
 */
export function createChannelRegistry(adapters: readonly ChannelAdapter[]): ChannelRegistry {
  const byKind = new Map(adapters.map((adapter) => [adapter.kind, adapter]));
  if (byKind.size < adapters.length) {
    throw new Error(
      `Two channel adapters have the same kind: ${adapters.map(({ kind }) => kind).join(', ')}.`,
    );
  }
  return {
    adapters,
    adapterFor: (kind) => byKind.get(kind),
    senderFor(kind) {
      const reason = `This server has no channel adapter for "${kind}".`;
      return byKind.get(kind)?.sender ?? { delivers: 'never', reason };
    },
  };
}
