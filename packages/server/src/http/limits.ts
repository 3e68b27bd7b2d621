import rateLimit from '@fastify/rate-limit';
import { ProblemError } from '@mevrik/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from './access.ts';

/** Figures that bound what one caller, or all of them, may ask for. */
export interface LimitOptions {
  /** Requests a minute of a visitor, and of an address without a token. */
  readonly perMinute: number;
  /** Events that wait to be handled, and how many may. */
  readonly lag: () => number;
  readonly lagLimit: number;
}

/** Agents and back ends work for many; an address may stand for a whole office. */
const staffFactor = 10;

/** Bounds requests by address before anybody is looked up, by caller afterwards, and ingestion by what waits. */
export async function limitRequests(server: FastifyInstance, options: LimitOptions): Promise<void> {
  await server.register(rateLimit, { global: false });
  const minute = { timeWindow: 60_000 };
  const byAddress = server.createRateLimit({
    ...minute,
    max: options.perMinute * staffFactor,
    keyGenerator: (request) => request.ip,
  });
  const byCaller = server.createRateLimit({
    ...minute,
    max: (request) => options.perMinute * (isCustomer(request) ? 1 : staffFactor),
    keyGenerator: (request) => (request.principal ? actorOf(request.principal) : `address ${request.ip}`),
  });
  const byRoute = server.createRateLimit({
    ...minute,
    max: (request) => request.routeOptions.config.perMinute ?? options.perMinute,
    keyGenerator: (request) => `${request.ip} ${request.routeOptions.url}`,
  });
  server.addHook('onRequest', async (request, reply) => refuseOver(await byAddress(request), reply));
  server.addHook('preParsing', async (request, reply) => {
    const { perMinute, isIngestion } = request.routeOptions.config;
    if (request.principal) refuseOver(await byCaller(request), reply);
    if (perMinute !== undefined) refuseOver(await byRoute(request), reply);
    if (isIngestion && options.lag() > options.lagLimit) {
      throw new ProblemError('overloaded', 'Too many events wait to be handled. Try again in a few seconds.');
    }
  });
}

function isCustomer(request: FastifyRequest): boolean {
  return request.principal === null || request.principal.role === 'customer';
}

function refuseOver(
  limit:
    | { readonly isAllowed: true }
    | { readonly isAllowed: false; readonly isExceeded: boolean; readonly ttlInSeconds: number },
  reply: FastifyReply,
): void {
  if (limit.isAllowed || !limit.isExceeded) return;
  reply.header('retry-after', limit.ttlInSeconds);
  throw new ProblemError('too_many_requests', `Try again in ${limit.ttlInSeconds} seconds.`);
}
