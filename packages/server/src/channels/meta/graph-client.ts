import type { SendContext } from '../channel.ts';
import { ChannelError } from '../channel-error.ts';
import { readJsonResponse } from '../read-json-response.ts';

/** The Graph API said no; `error` is its own account of why, where it gave one. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly status: number;
  readonly headers: Headers;
  readonly error: { readonly code?: unknown; readonly error_subcode?: unknown } | undefined;

  constructor(status: number, headers: Headers, body: unknown) {
    const error = errorIn(body);
    const said = typeof error?.message === 'string' ? error.message.slice(0, 500) : 'no reason given';
    super(
      `Meta refused: ${said} (${[status, error?.code, error?.error_subcode].filter(Boolean).join('/')}).`,
    );
    this.status = status;
    this.headers = headers;
    this.error = error;
  }
}

function errorIn(body: unknown): { message?: unknown; code?: unknown; error_subcode?: unknown } | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  return typeof body.error === 'object' && body.error !== null ? body.error : undefined;
}

/** An answer of the Graph API, its body read. */
export interface GraphAnswer {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** Whom a call is made for. */
export type GraphContext = Pick<SendContext, 'services' | 'signal'> & {
  /** The account's access token; without one nothing can be asked. */
  readonly token: string | undefined;
};

/**
 * Calls the Graph API for an account. The token goes in a header, so that no log of addresses has it.
 *
 * @throws GraphError where it refused, ChannelError where we have no token; the network's errors as they come.
 */
export async function callGraph(
  { services, signal, token }: GraphContext,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<GraphAnswer> {
  if (token === undefined) {
    throw new ChannelError({ kind: 'channel-down', error: 'The channel has no token, so it cannot send.' });
  }
  const response = await fetch(`${services.graphUrl.replace(/\/+$/, '')}/${path}`, {
    method,
    redirect: 'error',
    signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await readJsonResponse(response, token);
  if (!response.ok || errorIn(answer)) throw new GraphError(response.status, response.headers, answer);
  return { body: answer, headers: response.headers };
}
