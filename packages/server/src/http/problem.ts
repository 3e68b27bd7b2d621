import { type ProblemCode, ProblemError, problems } from '@mevrik/protocol';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { isConflict, sqlState } from '../log/unit-of-work.ts';

/** Seconds after which something that is busy may be asked again. */
const retryAfterSeconds = 2;

/** Answers an error as RFC 9457 problem JSON. What is our own fault is logged in full and told in one line. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: error, url: request.routeOptions.url }, problem.detail);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="mevrik"');
  if (problem.retryable && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfterSeconds);
  return sendProblem(reply, problem);
}

/** Sends a problem. */
export function sendProblem(reply: FastifyReply, problem: ProblemError): FastifyReply {
  const { code, detail, fields, status } = problem;
  const body = {
    type: `/problems/${code}`,
    title: problems[code].title,
    status,
    detail,
    code,
    ...(fields.length > 0 ? { errors: fields } : {}),
  };
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

/** What went wrong, as a problem from our table. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.map((issue) => ({
      path: issue.instancePath.split('/').filter(Boolean).join('.'),
      message: issue.message ?? 'is not valid',
    }));
    const [first] = fields;
    return new ProblemError('invalid_input', `${first?.path || 'The body'}: ${first?.message}.`, { fields });
  }
  const { statusCode, code } = error as FastifyError;
  const known = byFastifyCode[code] ?? byStatus[statusCode ?? 500];
  if (known) return new ProblemError(known.code, known.detail, { cause: error });
  if (isConflict(error)) {
    return new ProblemError('conflict', 'Somebody else changed it at the same moment. Try again.', {
      cause: error,
    });
  }
  if (isConnectionLoss(error)) {
    return new ProblemError('unavailable', 'The database cannot be reached just now.', { cause: error });
  }
  return new ProblemError('internal', 'It was noted on our side. Try again.', { cause: error });
}

type Known = { readonly code: ProblemCode; readonly detail: string };

const byFastifyCode: Readonly<Record<string, Known>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'too_large', detail: 'The body has more bytes than are allowed.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send the body as `content-type: application/json`.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'bad_request', detail: 'The body is empty where JSON was announced.' },
};

const byStatus: Readonly<Record<number, Known>> = {
  400: { code: 'bad_request', detail: 'The body is not JSON, or the address is malformed.' },
  404: { code: 'not_found', detail: 'There is nothing at this address.' },
  413: { code: 'too_large', detail: 'The body has more bytes than are allowed.' },
  414: { code: 'bad_request', detail: 'The address is too long.' },
  415: { code: 'unsupported_media_type', detail: 'Send the body as `content-type: application/json`.' },
  429: { code: 'too_many_requests', detail: 'Slow down, and try again in a while.' },
};

/** SQLSTATE classes 08 (connection) and 57 (operator intervention), and the driver's own codes for the same. */
function isConnectionLoss(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return (
    /^(08|57P)/.test(state) ||
    ['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECT_TIMEOUT', 'ECONNREFUSED'].includes(state)
  );
}
