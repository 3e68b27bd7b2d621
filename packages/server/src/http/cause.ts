import type { FastifyRequest } from 'fastify';
import { type Cause, noCause } from '../log/raise.ts';

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The cause of what a request raises: its trace (W3C Trace Context), where it carries a valid one. */
export function causeOf(request: FastifyRequest): Cause {
  const { traceparent } = request.headers;
  if (typeof traceparent !== 'string' || !traceparentPattern.test(traceparent)) return noCause;
  return { ...noCause, traceparent };
}
