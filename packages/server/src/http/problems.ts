import type { IncomingMessage } from 'node:http';
import { cutText, ProblemError, problems } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import {
  databaseErrorCode,
  isDatabaseFull,
  isDatabaseUnavailable,
  isTooSlow,
} from '../db/database-errors.ts';

/**
 * Sent as `Retry-After` with problems that can be retried. What is unavailable, such as a database that restarts, is
 * usually back within seconds; clients add a random delay of their own.
 */
const retryAfterSeconds = { unavailable: 1, others: 5 } as const;

/** The parts of an error of Fastify or a plugin that decide the problem. */
interface FrameworkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

/**
 * Sends a problem as RFC 9457 defines it. `type` is `/problems/` and the code, relative to this server, so that it stays
 * the same wherever the server runs.
 */
export function sendProblem(
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { title, retryable } = problems[problem.code];
  if (problem.code === 'too_large') {
    // With this header, Node would close the connection before the caller, still sending, has read the response.
    reply.removeHeader('connection');
    discardBody(request.raw);
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  if (retryable && problem.status >= 500 && !reply.hasHeader('retry-after')) {
    const { unavailable, others } = retryAfterSeconds;
    reply.header('retry-after', problem.code === 'unavailable' ? unavailable : others);
  }
  return reply
    .status(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: `/problems/${problem.code}`,
      title,
      status: problem.status,
      detail: problem.detail,
      code: problem.code,
      instance: `urn:uuid:${request.id}`,
      ...(problem.fields.length > 0 ? { errors: problem.fields } : {}),
    });
}

/** How much more of a rejected body is read and discarded, and for how long. */
const discardLimit = { bytes: 2 * 1_048_576, milliseconds: 5_000 };

/** Discards the rest of a body, and closes the connection if the caller keeps sending after the response. */
function discardBody(body: IncomingMessage): void {
  let left = discardLimit.bytes;
  const end = () => {
    if (!body.complete) body.socket.destroy();
  };
  const timer = setTimeout(end, discardLimit.milliseconds).unref();
  body.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  body.on('close', () => clearTimeout(timer));
}

/** The problem to send for any error. Internal errors reveal nothing about the inside. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return toInvalidInput(error);
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as FrameworkError;
  const ofFramework = typeof code === 'string' ? frameworkProblems[code] : undefined;
  if (ofFramework) return new ProblemError(ofFramework[0], ofFramework[1], { cause: error });
  if (isDatabaseFull(error)) {
    return new ProblemError('storage_full', 'The database has no disk space left. Try again later.', {
      cause: error,
    });
  }
  if (isDatabaseUnavailable(error)) {
    return new ProblemError('unavailable', 'The database is not available. Try again in a moment.', {
      cause: error,
    });
  }
  if (isTooSlow(error)) {
    return new ProblemError(
      'unavailable',
      'The request took too long. Try again, or narrow the filter or time range.',
      {
        cause: error,
      },
    );
  }
  if (outOfRange.has(databaseErrorCode(error) ?? '')) {
    return new ProblemError(
      'invalid_input',
      'A number is out of range, or a text contains a character that cannot be stored.',
      {
        cause: error,
      },
    );
  }
  const isClientError = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (isClientError && !isResponseSerializationError(error)) {
    return new ProblemError('bad_request', 'The request could not be read.', { cause: error });
  }
  return new ProblemError(
    'internal',
    'Something went wrong on the server. Try again later. If it keeps happening, contact your administrator.',
    {
      cause: error,
    },
  );
}

const frameworkProblems: Readonly<Record<string, readonly [ProblemError['code'], string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'The body exceeds the size limit.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad_request', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad_request', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'The body length does not match Content-Length.'],
  FST_ERR_BAD_URL: ['bad_request', 'The request URL is not valid.'],
};

interface ValidationIssue {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: Record<string, unknown>;
}

function toInvalidInput(error: {
  readonly validation: readonly ValidationIssue[];
  readonly validationContext?: string | undefined;
}): ProblemError {
  const fields = error.validation.flatMap(({ instancePath, message = 'is not valid', params }) => {
    const path = instancePath.split('/').filter((part) => part !== '');
    const unknown = Array.isArray(params.keys) ? params.keys.map(String) : undefined;
    if (unknown)
      return unknown.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    return [{ path: path.join('.'), message }];
  });
  const [first] = fields;
  const part = requestParts[error.validationContext ?? 'body'] ?? 'The request';
  const detail = `${first?.path || part} ${first?.message ?? 'is not valid'}.`;
  // The response must not grow with the request.
  return new ProblemError('invalid_input', cutText(detail, 500), {
    cause: error,
    fields: fields.slice(0, 20),
  });
}

const requestParts: Readonly<Record<string, string>> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The headers',
};

/** Numeric value out of range, character not in repertoire, text that JSON allows but PostgreSQL does not. */
const outOfRange = new Set(['22003', '22021', '22P05']);
