import type { IncomingMessage } from 'node:http';
import { ProblemError, problems } from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { connectionLost } from '../db/database.ts';
import { sqlState } from '../log/unit-of-work.ts';

/** How long a caller is asked to wait before trying again what can be tried again. */
const retryAfterSeconds = 5;

/** What is known of a fault that Fastify or a plugin of it raises. */
interface Fault {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

/**
 * Answers a problem as RFC 9457 has it. `type` is `/problems/` and the code, relative to this server: it names the
 * kind of problem for good, wherever the server stands.
 */
export function answerProblem(
  problem: ProblemError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { title, retryable } = problems[problem.code];
  if (problem.code === 'too_large') {
    // With it, Node would cut the caller off in the middle of sending, before the answer was seen.
    reply.removeHeader('connection');
    stopReading(request.raw);
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  if (retryable && problem.status >= 500 && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', retryAfterSeconds);
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

/** How much more of a refused body is taken and thrown away, and for how long. */
const patience = { bytes: 2 * 1_048_576, milliseconds: 5_000 };

/** Ends a connection whose caller sends on after the answer, after a while in which they can have seen it. */
function stopReading(body: IncomingMessage): void {
  let left = patience.bytes;
  const end = () => {
    if (!body.complete) body.socket.destroy();
  };
  const timer = setTimeout(end, patience.milliseconds).unref();
  body.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  body.on('close', () => clearTimeout(timer));
}

/** The problem that a fault is to the caller. What is our own fault tells nothing of the inside. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return asInvalidInput(error);
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as Fault;
  const ofFramework = typeof code === 'string' ? frameworkProblems[code] : undefined;
  if (ofFramework) return new ProblemError(ofFramework[0], ofFramework[1], { cause: error });
  if (isUnreachable(error)) {
    return new ProblemError('unavailable', 'The database is not reachable. Try again in a moment.', {
      cause: error,
    });
  }
  if (outOfRange.has(sqlState(error) ?? '')) {
    return new ProblemError('invalid_input', 'A number or text cannot be stored.', {
      cause: error,
    });
  }
  const isCallersFault = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (isCallersFault && !isResponseSerializationError(error)) {
    return new ProblemError('bad_request', 'The request could not be read.', { cause: error });
  }
  return new ProblemError(
    'internal',
    'Try again later. If it keeps happening, report the `instance` of this response.',
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

function asInvalidInput(error: {
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
  const place = positions[error.validationContext ?? 'body'] ?? 'The request';
  const detail = first?.path
    ? `${place}: ${first.path}: ${first.message}`
    : `${place}: ${first?.message ?? ''}`;
  // An answer must not grow with what was sent.
  return new ProblemError('invalid_input', detail.slice(0, 500), {
    cause: error,
    fields: fields.slice(0, 20),
  });
}

const positions: Readonly<Record<string, string>> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The headers',
};

/** Whether the database could not be reached, is starting or stopping, or has no connection left. */
function isUnreachable(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return unreachable.has(state) || state.startsWith('08') || state.startsWith('57P');
}

/** Numeric value out of range, character not in repertoire, text that JSON allows and PostgreSQL does not. */
const outOfRange = new Set(['22003', '22021', '22P05']);

const unreachable = new Set(['53300', 'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', connectionLost]);
