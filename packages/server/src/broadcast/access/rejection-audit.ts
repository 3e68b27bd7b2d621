import { LRUCache } from 'lru-cache';
import type { Audit } from '../gateway-deps.ts';

/** A subscription that was rejected. */
export interface RejectedSubscription {
  readonly appId: number;
  /** Who asked, such as `customer 7`. */
  readonly actor: string;
  readonly socketId: string;
  /** The channel, with its prefix. */
  readonly channel: string;
  readonly reason: string;
}

/** Maximum number of channels of one connection that are recorded. */
const maxChannels = 20;
/** Connections that are remembered. */
const maxConnections = 10_000;

/**
 * Writes rejected subscriptions to the audit log: a channel once for each connection, whether its signature or the
 * subscription was rejected, and however often it is tried.
 */
export class RejectionAudit {
  readonly #audit: Audit;
  readonly #recorded = new LRUCache<string, Set<string>>({ max: maxConnections });

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /** Records a rejection, unless it was recorded before or the connection has had too many. */
  record({ appId, actor, socketId, channel, reason }: RejectedSubscription): void {
    const key = `${appId} ${socketId}`;
    const channels = this.#recorded.get(key) ?? new Set();
    if (channels.has(channel) || channels.size >= maxChannels) return;
    this.#recorded.set(key, channels.add(channel));
    this.#audit({ appId, actor, action: 'channel.refused', target: channel, detail: { socketId, reason } });
  }
}
