import { ProblemError } from '@mevrik/protocol';
import { expiryOf } from '../../auth/access-tokens.ts';
import { mayActFor } from '../../auth/principal.ts';
import type { Grant } from '../bus/broadcast-message.ts';
import type { GatewayDeps } from '../gateway-deps.ts';
import { describeIdentity } from './access.ts';

/** What the watch depends on. */
export interface GrantWatchDeps extends Pick<GatewayDeps, 'authenticate' | 'audit' | 'log'> {
  /** How often staff are rechecked; customers and back ends a tenth as often, and when their token expires. */
  readonly recheckMs: number;
  /** Closes a connection of this node. Returns `false` when it has ended already. */
  readonly revoke: (appId: number, socketId: string) => boolean;
}

interface Watched {
  readonly grant: Omit<Grant, 'socketId'>;
  readonly socketIds: Set<string>;
  readonly everyMs: number;
  /** When its token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it is rechecked at the latest, by the clock of `performance`. */
  dueAt: number;
}

/** Maximum number of watched connections per token; beyond it the oldest are no longer watched. */
const maxSocketsPerToken = 10_000;
const staffFactor = 10;

/**
 * A signature cannot be revoked and lasts as long as its connection. So the credentials behind it are rechecked: when
 * the token has expired, the login has ended, the role has changed or access to the app was withdrawn, the connection is
 * closed, and its client must authorize again. A client that authorizes with a newer token before the old one expires
 * keeps its connection.
 */
export class GrantWatch {
  readonly #deps: GrantWatchDeps;
  readonly #byToken = new Map<string, Watched>();
  /** The token under which each principal's connection is watched. */
  readonly #tokenOf = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  /** The check under way; one at a time. */
  #checking: Promise<void> | undefined;

  constructor(deps: GrantWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => this.#checkOnce(), deps.recheckMs).unref();
  }

  /** Rechecks this grant while its connection is open. */
  add({ socketId, ...grant }: Grant): void {
    const token = `${grant.appId} ${grant.authorization}`;
    const actor = describeIdentity(grant.principal);
    const known = this.#byToken.get(this.#tokenOf.get(`${actor} ${socketId}`) ?? '');
    // A grant of another node may arrive after a newer one.
    if (known && known.expiresAt > (expiryOf(grant.authorization) ?? Number.POSITIVE_INFINITY)) return;
    this.#forget(actor, socketId);
    const everyMs = 'agentId' in grant.principal ? 0 : this.#deps.recheckMs * staffFactor;
    const entry = this.#byToken.get(token) ?? this.#watch(grant, everyMs);
    this.#byToken.set(token, entry);
    entry.socketIds.add(socketId);
    this.#tokenOf.set(`${actor} ${socketId}`, token);
    const [oldest] = entry.socketIds;
    if (entry.socketIds.size > maxSocketsPerToken && oldest !== undefined) this.#forget(actor, oldest);
  }

  #watch(grant: Watched['grant'], everyMs: number): Watched {
    const expiresAt = expiryOf(grant.authorization) ?? Number.POSITIVE_INFINITY;
    const dueAt = performance.now() + everyMs;
    return { grant, socketIds: new Set(), everyMs, expiresAt, dueAt };
  }

  /** Ends the checks, and resolves when the one under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#byToken.clear();
    this.#tokenOf.clear();
    await this.#checking;
  }

  #checkOnce(): void {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
  }

  async #check(): Promise<void> {
    try {
      const now = performance.now();
      for (const entry of this.#byToken.values()) {
        if (entry.dueAt > now && entry.expiresAt > Date.now()) continue;
        entry.dueAt = now + entry.everyMs;
        const state = await this.#stateOf(entry.grant);
        if (state !== 'holds') this.#end(entry, state === 'lost');
      }
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'failed to recheck access; retrying later');
    }
  }

  async #stateOf({ authorization, appId }: Watched['grant']): Promise<'holds' | 'expired' | 'lost'> {
    try {
      return mayActFor(await this.#deps.authenticate(authorization), appId) ? 'holds' : 'lost';
    } catch (error) {
      // A failed check is no reason to close a connection.
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      return error.code === 'token_expired' ? 'expired' : 'lost';
    }
  }

  #end({ grant: { appId, principal }, socketIds }: Watched, isLost: boolean): void {
    const { audit, revoke } = this.#deps;
    const actor = describeIdentity(principal);
    for (const socketId of [...socketIds]) {
      this.#forget(actor, socketId);
      if (revoke(appId, socketId) && isLost)
        audit({ appId, actor, action: 'connection.revoked', target: socketId });
    }
  }

  #forget(actor: string, socketId: string): void {
    const key = `${actor} ${socketId}`;
    const token = this.#tokenOf.get(key);
    if (token === undefined) return;
    this.#tokenOf.delete(key);
    const entry = this.#byToken.get(token);
    entry?.socketIds.delete(socketId);
    if (entry?.socketIds.size === 0) this.#byToken.delete(token);
  }
}
