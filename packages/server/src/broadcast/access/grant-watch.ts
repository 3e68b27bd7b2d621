import { ProblemError } from '@mevrik/protocol';
import { expiryOf } from '../../auth/access-tokens.ts';
import { mayActFor } from '../../auth/principal.ts';
import type { Grant } from '../bus/broadcast-message.ts';
import type { GatewayDeps } from '../gateway-deps.ts';
import { describeHearer } from './access.ts';

/** What the watch is given. */
export interface GrantWatchOptions extends Pick<GatewayDeps, 'authenticate' | 'audit' | 'log'> {
  /** How often staff are looked at; customers and back ends a tenth as often, and when their token expires. */
  readonly recheckMs: number;
  /** Ends a connection of this node; `false` when it has ended already. */
  readonly revoke: (appId: number, socketId: string) => boolean;
}

interface Watched {
  readonly grant: Omit<Grant, 'socketId'>;
  readonly socketIds: Set<string>;
  readonly everyMs: number;
  /** When its token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** In milliseconds since 1970. */
  dueAt: number;
}

/** The connections of one token: the oldest are no longer watched beyond this many. */
const maxSocketsPerToken = 10_000;
const staffFactor = 10;

/**
 * A signature cannot be taken back, and lasts as long as its connection. So who got one is looked at again: when the
 * token has expired, the login is over, the role has changed or the app is no longer theirs, the connection is ended,
 * and its client must have everything signed anew. A client that has something signed with a newer token before the
 * old one expires keeps its connection.
 */
export class GrantWatch {
  readonly #with: GrantWatchOptions;
  readonly #byToken = new Map<string, Watched>();
  /** Under which token each person's connection is watched. */
  readonly #tokenOf = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  constructor(options: GrantWatchOptions) {
    this.#with = options;
    this.#timer = setInterval(() => void this.#look(), options.recheckMs).unref();
  }

  /** Looks again at this for as long as it holds. */
  add({ socketId, ...grant }: Grant): void {
    const token = `${grant.appId} ${grant.authorization}`;
    const person = describeHearer(grant.principal);
    const known = this.#byToken.get(this.#tokenOf.get(`${person} ${socketId}`) ?? '');
    // What another node signed may arrive after what was signed later.
    if (known && known.expiresAt > (expiryOf(grant.authorization) ?? Number.POSITIVE_INFINITY)) return;
    this.#forget(person, socketId);
    const everyMs = 'agentId' in grant.principal ? 0 : this.#with.recheckMs * staffFactor;
    const entry = this.#byToken.get(token) ?? this.#watch(grant, everyMs);
    this.#byToken.set(token, entry);
    entry.socketIds.add(socketId);
    this.#tokenOf.set(`${person} ${socketId}`, token);
    const [oldest] = entry.socketIds;
    if (entry.socketIds.size > maxSocketsPerToken && oldest !== undefined) this.#forget(person, oldest);
  }

  #watch(grant: Watched['grant'], everyMs: number): Watched {
    const expiresAt = expiryOf(grant.authorization) ?? Number.POSITIVE_INFINITY;
    const dueAt = Math.min(Date.now() + everyMs, expiresAt);
    return { grant, socketIds: new Set(), everyMs, expiresAt, dueAt };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#byToken.clear();
    this.#tokenOf.clear();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const now = Date.now();
      for (const entry of this.#byToken.values()) {
        if (entry.dueAt > now) continue;
        entry.dueAt = Math.min(now + entry.everyMs, Math.max(now, entry.expiresAt));
        const state = await this.#stateOf(entry.grant);
        if (state !== 'holds') this.#end(entry, state === 'lost');
      }
    } catch (error) {
      this.#with.log.warn({ error: String(error) }, 'who may listen is looked at again later');
    } finally {
      this.#isLooking = false;
    }
  }

  async #stateOf({ authorization, appId }: Watched['grant']): Promise<'holds' | 'expired' | 'lost'> {
    try {
      return mayActFor(await this.#with.authenticate(authorization), appId) ? 'holds' : 'lost';
    } catch (error) {
      // What cannot be found out for now is no reason to send anybody away.
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      return error.code === 'token_expired' ? 'expired' : 'lost';
    }
  }

  #end({ grant: { appId, principal }, socketIds }: Watched, isLost: boolean): void {
    const { audit, revoke } = this.#with;
    const actor = describeHearer(principal);
    for (const socketId of [...socketIds]) {
      this.#forget(actor, socketId);
      if (revoke(appId, socketId) && isLost)
        audit({ appId, actor, action: 'connection.revoked', target: socketId });
    }
  }

  #forget(person: string, socketId: string): void {
    const place = `${person} ${socketId}`;
    const token = this.#tokenOf.get(place);
    if (token === undefined) return;
    this.#tokenOf.delete(place);
    const entry = this.#byToken.get(token);
    entry?.socketIds.delete(socketId);
    if (entry?.socketIds.size === 0) this.#byToken.delete(token);
  }
}
