import { ProblemError } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from './access.ts';
import type { Api } from './http-deps.ts';

/** Counts requests and refuses those that are too many. Each process counts for itself. */
export interface Limits {
  /**
   * Counts a request that was let in: customers and strangers by their address, agents and back ends by who they
   * are, as many of them may share one.
   * @throws ProblemError `too_many_requests`.
   */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts one that was refused, by its address. @throws ProblemError `too_many_requests`. */
  countRefused(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Agents' screens and back ends ask more often than a visitor's page. */
const staffFactor = 10;
const minuteMs = 60_000;

/** Makes the limits that hold for all routes. The plugin for rate limits must have been registered. */
export function createLimits(api: Api, perMinute: number): Limits {
  const factorOf = (request: FastifyRequest) => request.routeOptions.config?.limitFactor ?? 1;
  const byAddress = limiter(
    api,
    (request) => perMinute * factorOf(request),
    (request) => `${request.ip} ${factorOf(request)}`,
  );
  const byHolder = limiter(api, perMinute * staffFactor, actorOf);
  const refusals = limiter(api, perMinute, (request) => request.ip);
  return {
    count: (request, reply) => {
      const isAddress = request.principal === null || request.principal.role === 'customer';
      return isAddress ? byAddress(request, reply) : byHolder(request, reply);
    },
    countRefused: refusals,
  };
}

/**
 * A limit of its own, such as for log-ins.
 * @param keyOf whom a request is counted for.
 */
export function limiter(
  api: Api,
  perMinute: number | ((request: FastifyRequest) => number),
  keyOf: (request: FastifyRequest) => string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const check = api.createRateLimit({ max: perMinute, timeWindow: minuteMs, keyGenerator: keyOf });
  return async (request, reply) => {
    const count = await check(request);
    if (count.isAllowed || !count.isExceeded) return;
    reply.header('retry-after', Math.max(1, count.ttlInSeconds));
    throw new ProblemError('too_many_requests', `Try again in ${Math.max(1, count.ttlInSeconds)} seconds.`);
  };
}
