import { ProblemError } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from './access.ts';
import type { Api } from './http-deps.ts';

/** Rate limits of all routes. Each process counts separately. */
export interface Limits {
  /**
   * Counts an authorized request: customers and anonymous callers by address, agents and back ends by identity, because
   * many of them may share an address.
   * @throws ProblemError `too_many_requests`.
   */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts an unauthorized request by its address. @throws ProblemError `too_many_requests`. */
  countRejected(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Agents' screens and back ends send more requests than a visitor's page. */
const staffFactor = 10;
const minuteMs = 60_000;

/** Creates the limits of all routes. The rate-limit plugin must be registered. */
export function createLimits(api: Api, perMinute: number): Limits {
  const factorOf = (request: FastifyRequest) => request.routeOptions.config?.limitFactor ?? 1;
  const byAddress = limiter(
    api,
    (request) => perMinute * factorOf(request),
    (request) => `${request.ip} ${factorOf(request)}`,
  );
  const byIdentity = limiter(api, perMinute * staffFactor, actorOf);
  const rejections = limiter(api, perMinute, (request) => request.ip);
  return {
    count: (request, reply) => {
      const isAddress = request.principal === null || request.principal.role === 'customer';
      return isAddress ? byAddress(request, reply) : byIdentity(request, reply);
    },
    countRejected: rejections,
  };
}

/**
 * Creates a separate limit, such as for logins.
 * @param keyOf what a request is counted by.
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
    const seconds = Math.max(1, count.ttlInSeconds);
    reply.header('retry-after', seconds);
    throw new ProblemError(
      'too_many_requests',
      `Too many requests. Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`,
    );
  };
}
