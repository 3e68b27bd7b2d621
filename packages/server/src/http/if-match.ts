import { ProblemError } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExpectedTags } from '../domain/state-tag.ts';

/**
 * What a caller says they have seen of what they change (RFC 9110, If-Match).
 * @throws ProblemError `bad_request` where that is no ETag.
 */
export function seenBy({ headers }: FastifyRequest): ExpectedTags {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === '*') return given;
  // Proxies that compress make weak tags of ours, which tell the same states apart as before.
  const tags = [...given.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag = '']) => tag);
  if (tags.length > 0) return tags;
  throw new ProblemError('bad_request', 'If-Match must be * or the quoted ETag of the version you read.');
}

/** Names the state that an answer tells of. */
export function tagged(reply: FastifyReply, tag: string): void {
  reply.header('etag', `"${tag}"`);
}
