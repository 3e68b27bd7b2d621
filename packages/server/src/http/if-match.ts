import { ProblemError } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExpectedTags } from '../domain/state-tag.ts';

/**
 * The state that a caller has seen of what they change (RFC 9110, If-Match).
 * @throws ProblemError `bad_request` when the header is not an ETag.
 */
export function stateSeenBy({ headers }: FastifyRequest): ExpectedTags {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === '*') return given;
  // Compressing proxies turn our tags into weak ones, which still identify the same state.
  const tags = [...given.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag = '']) => tag);
  if (tags.length > 0) return tags;
  throw new ProblemError('bad_request', 'If-Match must be * or the quoted ETag of the version you read.');
}

/** Sets the ETag of the state that a response describes. */
export function setEtag(reply: FastifyReply, tag: string): void {
  reply.header('etag', `"${tag}"`);
}
