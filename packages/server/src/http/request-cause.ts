import { isSocketId } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { type Cause, noCause } from '../log/raise.ts';

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The cause recorded with the events that a request raises: its trace (W3C Trace Context) and the connection to leave
 * out of broadcasts (`X-Socket-ID`), where the request carries valid ones.
 */
export function requestCause({ headers }: FastifyRequest): Cause {
  const { traceparent, 'x-socket-id': socketId } = headers;
  return {
    ...noCause,
    traceparent: typeof traceparent === 'string' && traceparentPattern.test(traceparent) ? traceparent : null,
    socketId: typeof socketId === 'string' && isSocketId(socketId) ? socketId : null,
  };
}
