import { LRUCache } from 'lru-cache';
import type { Audit } from '../gateway-deps.ts';
import { describeIdentity } from './access.ts';

/** A connection whose subscription was rejected. */
export interface RejectedConnection {
  readonly appId: number;
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
 * Writes rejected subscriptions to the audit log: a channel once for each connection and who tries it, whether the
 * signature or the subscription was rejected, and however often it is tried on this node.
 */
export class RejectionAudit {
  readonly #audit: Audit;
  readonly #recorded = new LRUCache<string, Set<string>>({ max: maxConnections });
  /** Who has asked for signatures for a connection. */
  readonly #actors = new LRUCache<string, string>({ max: maxConnections });

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /** Someone, such as `customer 7`, has asked for a signature for a connection. */
  identify(appId: number, socketId: string, actor: string): void {
    this.#actors.set(`${appId} ${socketId}`, actor);
  }

  /**
   * Records a rejection, unless it was recorded before or there were too many. Without `user`, who has signed in on the
   * connection, the actor is who has asked for signatures for it.
   */
  record({ appId, socketId, channel, reason }: RejectedConnection, user?: string): void {
    const connection = `${appId} ${socketId}`;
    const actor = user ?? this.#actors.get(connection) ?? describeIdentity(undefined);
    const key = `${connection} ${actor}`;
    const channels = this.#recorded.get(key) ?? new Set();
    if (channels.has(channel) || channels.size >= maxChannels) return;
    this.#recorded.set(key, channels.add(channel));
    this.#audit({
      appId,
      actor,
      action: 'subscription.reject',
      target: channel,
      detail: { socketId, reason },
    });
  }
}
