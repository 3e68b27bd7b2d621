import { ProblemError } from '@mevrik/protocol';
import type { FastifyPluginAsync, FastifyPluginCallback, FastifyRequest, RouteOptions } from 'fastify';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Principal, StaffPrincipal } from '../auth/principal.ts';
import { describeHearer } from '../broadcast/access/access.ts';
import type { Api, RoutePlugin } from './http-deps.ts';

/** Who may call a route: everybody, or those who have proven to be in one of these roles. */
export type Access = 'public' | readonly Principal['role'][];

/** What back ends call that authenticates by itself may be called as often as what they call with a token. */
const machineFactor = 10;

/** Everybody at the desk or above it. */
export const staffRoles = ['agent', 'supervisor', 'admin'] as const satisfies readonly Principal['role'][];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. Without it the server does not start. */
    access?: Access;
    /** Refused with 503 while too much waits to be handled. */
    addsLoad?: boolean;
    /** Takes an `Idempotency-Key`. */
    isRepeatable?: boolean;
    /** Names the state of what it reads or changes, and changes it only as it was seen, where the caller says so. */
    isGuarded?: boolean;
    /** How many times as many requests as usual an address may send: for machines that speak for many people. */
    limitFactor?: number;
  }
  interface FastifyRequest {
    /** Who is asking; `null` on public routes. */
    principal: Principal | null;
  }
  interface FastifyInstance {
    /** What routes of this scope have where they say nothing: for plugins that others have written. */
    defaultAccess: Access | null;
  }
}

type CustomerPrincipal = Extract<Principal, { role: 'customer' }>;
type AppPrincipal = Extract<Principal, { role: 'service' }>;

/** Makes every route of the server say who may call it. */
export function demandAccess(api: Api): void {
  api.decorate('defaultAccess', null);
  api.decorateRequest('principal', null);
  api.addHook('onRoute', function (route: RouteOptions) {
    if (route.config?.access) return;
    if (this.defaultAccess === null) {
      throw new Error(
        `${String(route.method)} ${route.url} does not declare who may call it (config.access).`,
      );
    }
    route.config = { limitFactor: machineFactor, ...route.config, access: this.defaultAccess };
  });
}

/**
 * Makes a route plugin of a Fastify plugin that knows nothing of `access`.
 * @param access for all of its routes; `public` where it authenticates by itself.
 */
export function withAccess(access: Access, plugin: FastifyPluginAsync | FastifyPluginCallback): RoutePlugin {
  return async (api) => {
    api.defaultAccess = access;
    await api.register(plugin);
  };
}

/**
 * Finds out who is asking, where the route wants to know.
 * @throws ProblemError `unauthenticated`, `token_expired`, or `forbidden` for another role.
 */
export async function admit(request: FastifyRequest, authenticator: Authenticator): Promise<void> {
  const { access } = request.routeOptions.config;
  if (access === 'public') return;
  if (!access) throw new ProblemError('forbidden', 'No role has access to this endpoint.');
  request.principal = await authenticator.authenticate(request.headers.authorization);
  if (!access.includes(request.principal.role)) {
    throw new ProblemError('forbidden', `This requires the role ${access.join(' or ')}.`);
  }
}

/** The customer who is asking, on a route that is for customers. */
export function customerOf(request: FastifyRequest): CustomerPrincipal {
  if (request.principal?.role !== 'customer')
    throw new ProblemError('forbidden', 'Only customers can do this.');
  return request.principal;
}

/** The agent, supervisor or administrator who is asking, on a route that is for them. */
export function staffOf(request: FastifyRequest): StaffPrincipal {
  const { principal } = request;
  if (!principal || !('agentId' in principal))
    throw new ProblemError('forbidden', 'Only agents can do this.');
  return principal;
}

/** The app whose back end is asking, on a route that is for back ends. */
export function appOf(request: FastifyRequest): AppPrincipal {
  if (request.principal?.role !== 'service')
    throw new ProblemError('forbidden', 'Only back ends can do this.');
  return request.principal;
}

/** Who brings a file: only they put it into a message. Colleagues may use each other's. */
export function uploaderOf(request: FastifyRequest): string {
  return request.principal && 'agentId' in request.principal ? 'staff' : actorOf(request);
}

/** A name for the audit trail, such as `agent 7`. */
export function actorOf(request: FastifyRequest): string {
  return describeHearer(request.principal ?? undefined);
}

/** The channel in a conversation's key: `13/web:…`. */
export function channelOf(conversationKey: string): string {
  return /^\d+\/([^:]+):/.exec(conversationKey)?.[1] ?? 'web';
}
