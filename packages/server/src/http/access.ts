import { ProblemError } from '@mevrik/protocol';
import type { FastifyPluginAsync, FastifyPluginCallback, FastifyRequest, RouteOptions } from 'fastify';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Principal, StaffPrincipal } from '../auth/principal.ts';
import { describeIdentity } from '../broadcast/access/access.ts';
import type { Api, RoutePlugin } from './http-deps.ts';

/** Who may call a route: anyone, or callers authenticated in one of these roles. */
export type Access = 'public' | readonly Principal['role'][];

/** Routes that authenticate back ends themselves have the same limit as routes that back ends call with a token. */
const backEndLimitFactor = 10;

/** The roles of everyone at the desk or above. */
export const staffRoles = ['agent', 'supervisor', 'admin'] as const satisfies readonly Principal['role'][];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. The server does not start without it. */
    access?: Access;
    /** Rejected with 503 while the server is overloaded. */
    addsLoad?: boolean;
    /** Rejected with 507 while the disk is nearly full, as are all routes that add load. */
    storesData?: boolean;
    /** Accepts an `Idempotency-Key`. */
    isRepeatable?: boolean;
    /** Returns an ETag, and honours `If-Match` on changes. */
    isGuarded?: boolean;
    /** Multiplies the rate limit of an address, for machines that act for many people. */
    limitFactor?: number;
  }
  interface FastifyRequest {
    /** The authenticated caller; `null` on public routes. */
    principal: Principal | null;
    /** What the audit log says of the request if it is rejected, instead of its route. */
    auditAs: { readonly appId: number; readonly action: string; readonly target: string } | null;
  }
  interface FastifyInstance {
    /** Access of the routes in this scope that declare none, for third-party plugins. */
    defaultAccess: Access | null;
  }
}

type CustomerPrincipal = Extract<Principal, { role: 'customer' }>;
type AppPrincipal = Extract<Principal, { role: 'service' }>;

/** Requires every route of the server to declare who may call it. */
export function requireAccessConfig(api: Api): void {
  api.decorate('defaultAccess', null);
  api.decorateRequest('principal', null);
  api.decorateRequest('auditAs', null);
  api.addHook('onRoute', function (route: RouteOptions) {
    if (route.config?.access) return;
    if (this.defaultAccess === null) {
      throw new Error(
        `${String(route.method)} ${route.url} does not declare who may call it (config.access).`,
      );
    }
    route.config = { limitFactor: backEndLimitFactor, ...route.config, access: this.defaultAccess };
  });
}

/**
 * Turns a Fastify plugin whose routes do not declare `access` into a route plugin.
 * @param access of all its routes; `public` if the plugin authenticates callers itself.
 */
export function withAccess(access: Access, plugin: FastifyPluginAsync | FastifyPluginCallback): RoutePlugin {
  return async (api) => {
    api.defaultAccess = access;
    await api.register(plugin);
  };
}

/**
 * Authenticates the caller of a route that is not public, and checks their role.
 * @throws ProblemError `unauthenticated`, `token_expired`, or `forbidden` for another role.
 */
export async function authorizeRequest(request: FastifyRequest, authenticator: Authenticator): Promise<void> {
  const { access } = request.routeOptions.config;
  if (access === 'public') return;
  if (!access) throw new ProblemError('forbidden', 'No role has access to this endpoint.');
  request.principal = await authenticator.authenticate(request.headers.authorization);
  if (!access.includes(request.principal.role)) {
    throw new ProblemError('forbidden', `This requires the role ${access.join(' or ')}.`);
  }
}

/** The calling customer. @throws ProblemError `forbidden` for any other caller. */
export function customerOf(request: FastifyRequest): CustomerPrincipal {
  if (request.principal?.role !== 'customer')
    throw new ProblemError('forbidden', 'Only customers can do this.');
  return request.principal;
}

/** The calling agent, supervisor or administrator. @throws ProblemError `forbidden` for any other caller. */
export function staffOf(request: FastifyRequest): StaffPrincipal {
  const { principal } = request;
  if (!principal || !('agentId' in principal))
    throw new ProblemError('forbidden', 'Only agents can do this.');
  return principal;
}

/** The app of the calling back end. @throws ProblemError `forbidden` for any other caller. */
export function appOf(request: FastifyRequest): AppPrincipal {
  if (request.principal?.role !== 'service')
    throw new ProblemError('forbidden', 'Only back ends can do this.');
  return request.principal;
}

/** Who uploaded a file, and may attach it to a message. Agents share their uploads. */
export function uploaderOf(request: FastifyRequest): string {
  return request.principal && 'agentId' in request.principal ? 'staff' : actorOf(request);
}

/** The caller's name in the audit log, such as `agent 7`. */
export function actorOf(request: FastifyRequest): string {
  return describeIdentity(request.principal ?? undefined);
}
