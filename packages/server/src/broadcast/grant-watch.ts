import { ProblemError } from '@mevrik/protocol';
import { mayActFor, type Principal } from '../auth/principal.ts';
import { describeHearer } from './access.ts';
import type { GatewayDependencies } from './gateway-dependencies.ts';

/** What was signed for somebody, and on the strength of what. */
export interface Grant {
  readonly principal: Principal;
  /** The header that proved who it is. */
  readonly authorization: string;
  readonly appId: number;
  readonly socketId: string;
}

/** What the watch is given. */
export interface GrantWatchOptions extends Pick<GatewayDependencies, 'authenticate' | 'audit' | 'log'> {
  /** How often staff are looked at; customers and back ends a tenth as often, as only their tokens' end concerns them. */
  readonly recheckMs: number;
  /** Ends a connection, on whichever node it is. */
  readonly revoke: (appId: number, socketId: string) => void;
}

/** Looks again at what was granted, for as long as it holds. */
export interface GrantWatch {
  add(grant: Grant): void;
  stop(): void;
}

interface Watched {
  readonly grant: Omit<Grant, 'socketId'>;
  readonly socketIds: Set<string>;
  readonly everyMs: number;
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
export function createGrantWatch(options: GrantWatchOptions): GrantWatch {
  const { authenticate, audit, log, recheckMs, revoke } = options;
  const byToken = new Map<string, Watched>();
  /** Under which token each person's connection is watched. */
  const tokenOf = new Map<string, string>();
  let isLooking = false;

  function forget(person: string, socketId: string): void {
    const place = `${person} ${socketId}`;
    const token = tokenOf.get(place);
    if (token === undefined) return;
    tokenOf.delete(place);
    const entry = byToken.get(token);
    entry?.socketIds.delete(socketId);
    if (entry?.socketIds.size === 0) byToken.delete(token);
  }

  async function stateOf({ authorization, appId }: Watched['grant']): Promise<'holds' | 'expired' | 'lost'> {
    try {
      return mayActFor(await authenticate(authorization), appId) ? 'holds' : 'lost';
    } catch (error) {
      // What cannot be found out for now is no reason to send anybody away.
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      return error.code === 'token_expired' ? 'expired' : 'lost';
    }
  }

  function end({ grant: { appId, principal }, socketIds }: Watched, isLost: boolean): void {
    const actor = describeHearer(principal);
    for (const socketId of [...socketIds]) {
      forget(actor, socketId);
      revoke(appId, socketId);
      if (isLost) audit({ appId, actor, action: 'connection.revoked', target: socketId });
    }
  }

  async function look(): Promise<void> {
    const now = performance.now();
    for (const entry of byToken.values()) {
      if (entry.dueAt > now) continue;
      entry.dueAt = now + entry.everyMs;
      const state = await stateOf(entry.grant);
      if (state !== 'holds') end(entry, state === 'lost');
    }
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) =>
        log.warn({ error: String(error) }, 'who may listen is looked at again later'),
      )
      .finally(() => {
        isLooking = false;
      });
  }, recheckMs).unref();

  return {
    add({ socketId, ...grant }) {
      const token = `${grant.appId} ${grant.authorization}`;
      const person = describeHearer(grant.principal);
      forget(person, socketId);
      const everyMs = 'agentId' in grant.principal ? 0 : recheckMs * staffFactor;
      const entry = byToken.get(token) ?? {
        grant,
        socketIds: new Set<string>(),
        everyMs,
        dueAt: performance.now() + everyMs,
      };
      byToken.set(token, entry);
      entry.socketIds.add(socketId);
      tokenOf.set(`${person} ${socketId}`, token);
      const [oldest] = entry.socketIds;
      if (entry.socketIds.size > maxSocketsPerToken && oldest !== undefined) forget(person, oldest);
    },
    stop() {
      clearInterval(timer);
      byToken.clear();
      tokenOf.clear();
    },
  };
}
