import { ProblemError } from '@mevrik/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Principal, StaffPrincipal } from '../auth/principal.ts';
import type { AuditEntry } from '../observe/audit.ts';

/** Who may call a route. Every route says so; one that does not, does not start. */
export type Access = 'public' | readonly Principal['role'][];

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access;
    /** Requests a minute from one address to this route, where fewer are allowed than usual. */
    readonly perMinute?: number;
    /** Takes in something new, which is refused while too much waits to be handled. */
    readonly isIngestion?: boolean;
  }
  interface FastifyRequest {
    /** Who is asking; `null` on public routes. */
    principal: Principal | null;
  }
}

/** Everybody who sits at the desk. */
export const staff = ['agent', 'supervisor', 'admin'] as const;

/** What the access hook needs. */
export interface AccessOptions {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly audit: (entry: AuditEntry) => void;
}

/** Has every route checked before anything of the request is read: nobody gets where they are not named. */
export function requireAccess(server: FastifyInstance, { authenticator, audit }: AccessOptions): void {
  server.decorateRequest('principal', null);
  server.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) {
      throw new Error(`${route.method} ${route.url} does not say who may call it.`);
    }
  });
  server.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access ?? [];
    if (access === 'public' || request.is404) return;
    const principal = await authenticator.authenticate(request.headers.authorization);
    if (!access.includes(principal.role)) {
      const target = `${request.method} ${request.routeOptions.url}`;
      audit({ appId: null, actor: actorOf(principal), action: 'request.refuse', target });
      throw new ProblemError('forbidden', `This is not for the role ${principal.role}.`);
    }
    request.principal = principal;
  });
}

/** The name under which a principal stands in the audit trail. */
export function actorOf(principal: Principal): string {
  if (principal.role === 'customer') return `customer ${principal.customerId}`;
  return principal.role === 'service' ? `app ${principal.appId}` : `agent ${principal.agentId}`;
}

/** The customer who is asking; only on routes whose access names customers alone. */
export function customerOf(request: FastifyRequest): Extract<Principal, { role: 'customer' }> {
  if (request.principal?.role === 'customer') return request.principal;
  throw new ProblemError('forbidden', 'This is for customers.');
}

/** The person at the desk who is asking; only on routes whose access names them alone. */
export function staffOf(request: FastifyRequest): StaffPrincipal {
  if (request.principal && 'agentId' in request.principal) return request.principal;
  throw new ProblemError('forbidden', 'This is for people at the desk.');
}
