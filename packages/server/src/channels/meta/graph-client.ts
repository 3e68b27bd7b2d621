import { cutText } from '@mevrik/protocol';
import type { SendContext } from '../channel.ts';
import { ChannelError } from '../channel-error.ts';
import { readJsonResponse } from '../read-json-response.ts';

/** An error response of the Graph API; `error` is its error object, if it sent one. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly status: number;
  readonly headers: Headers;
  readonly error: { readonly code?: unknown; readonly error_subcode?: unknown } | undefined;

  constructor(status: number, headers: Headers, body: unknown) {
    const error = errorIn(body);
    const reason = typeof error?.message === 'string' ? cutText(error.message, 500) : 'no reason given';
    super(
      `Meta rejected the request: ${reason} (${[status, error?.code, error?.error_subcode].filter(Boolean).join('/')}).`,
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

/** A response of the Graph API, with its parsed body. */
export interface GraphResponse {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** What the adapters of Meta's kinds are made with. */
export interface GraphServices {
  /** The Graph API's base URL, with its version. */
  readonly graphUrl: string;
}

/** The context of a call. */
export type GraphContext = GraphServices &
  Pick<SendContext, 'signal'> & {
    /** The account's access token; `undefined` if the settings have none. */
    readonly token: string | undefined;
  };

/**
 * Calls the Graph API for an account. The token is sent in a header, so that it does not appear in access logs.
 *
 * @throws GraphError for an error response, ChannelError without a token, and network errors unchanged.
 */
export async function callGraph(
  { graphUrl, signal, token }: GraphContext,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<GraphResponse> {
  if (token === undefined) {
    throw new ChannelError({
      kind: 'channel-down',
      error: 'The channel has no access token. Enter one in the channel’s settings.',
    });
  }
  const response = await fetch(`${graphUrl.replace(/\/+$/, '')}/${path}`, {
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
