import { createHash } from 'node:crypto';
import { ProblemError } from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import type { Idempotency } from '../state/messages.ts';

/**
 * The request's `Idempotency-Key` with a hash of the request. Keys are scoped to the writer, so two writers may use the
 * same key.
 *
 * @throws ProblemError `bad_request` for a key that is empty, too long, or not printable.
 */
export function idempotencyOf(request: FastifyRequest, writer: string): Idempotency | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new ProblemError('bad_request', 'Idempotency-Key must have 1 to 200 printable characters.');
  }
  const content = `${request.routeOptions.url} ${JSON.stringify(request.params)} ${JSON.stringify(request.body)}`;
  return { key: `${writer} ${key}`, hash: createHash('sha256').update(content).digest('hex') };
}
