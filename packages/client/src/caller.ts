import type { Problem } from '@mevrik/protocol';
import { MevrikError } from './errors.ts';
import { fetchWithProgress } from './fetch-with-progress.ts';

/**
 * An access token, or a function that returns one. `isRefused` says that the last one was rejected, so that
 * it fetches a new one.
 */
export type TokenSource = string | ((isRefused: boolean) => string | Promise<string>);

/** Options of a caller. */
export interface CallerOptions {
  /** The server's URL, such as `https://chat.example.com`. */
  readonly url: string;
  /** The app, for users of several apps. */
  readonly appKey: string | undefined;
  readonly token: TokenSource | undefined;
  readonly fetch: typeof fetch;
  /** The connection that receives no broadcasts caused by this call. */
  readonly socketId: () => string | undefined;
  /** From 0 to 1; spreads retries. */
  readonly random: () => number;
}

/** Options of a call. */
export interface Call {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; anything but a plain object, such as a file, is sent unchanged. */
  readonly body?: unknown;
  /** The server performs requests with the same key once, so the call may be retried. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Applies the change only if the resource still has this ETag; otherwise the call rejects with
   * `precondition_failed`.
   */
  readonly ifMatch?: string | undefined;
  /** Receives the ETag of the response, which identifies the version that was read or written. */
  readonly onEtag?: (etag: string) => void;
  /** Receives the share of the body that was sent, from 0 to 1; in browsers only. */
  readonly onProgress?: (progress: number) => void;
}

/** Calls the API. @throws MevrikError if the call fails. */
export type Caller = <Answer>(method: string, path: string, call?: Call) => Promise<Answer>;

const maxAttempts = 5;
const firstDelayMs = 500;
/** The caller decides about longer delays. */
const maxDelayMs = 30_000;

/**
 * Creates a caller. Reads and calls with an idempotency key are tried up to five times if no response arrives
 * or the server is busy, after the delay that it asks for.
 */
export function createCaller(options: CallerOptions): Caller {
  const { token, random } = options;
  const tokenOf = async (isRefused: boolean) => (typeof token === 'function' ? token(isRefused) : token);

  async function send(method: string, path: string, call: Call, isRefused: boolean): Promise<Response> {
    const { url, init } = requestOf(options, method, path, call, await tokenOf(isRefused));
    try {
      return await (call.onProgress ? fetchWithProgress(options.fetch, call.onProgress) : options.fetch)(
        url,
        init,
      );
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      throw new MevrikError(0, 'unreachable', 'The server could not be reached.', { cause });
    }
  }

  async function attempt(method: string, path: string, call: Call): Promise<Response> {
    const response = await send(method, path, call, false);
    if (response.status !== 401 || typeof token !== 'function') return response;
    return send(method, path, call, true);
  }

  return async <Answer>(method: string, path: string, call: Call = {}): Promise<Answer> => {
    const isRepeatable = method === 'GET' || call.idempotencyKey !== undefined;
    for (let failures = 1; ; failures += 1) {
      const outcome = await attempt(method, path, call).catch((error: unknown) => error);
      if (outcome instanceof Response && outcome.ok) {
        const etag = outcome.headers.get('etag');
        if (etag !== null) call.onEtag?.(etag);
        return (await bodyOf(outcome)) as Answer;
      }
      const { error, pauseMs } = await failureOf(outcome, firstDelayMs * 2 ** failures * (0.5 + random()));
      if (!isRepeatable || failures >= maxAttempts || pauseMs === undefined) throw error;
      await pause(pauseMs, call.signal);
    }
  };
}

function requestOf(
  { url, appKey, socketId }: CallerOptions,
  method: string,
  path: string,
  { query = {}, body, idempotencyKey, ifMatch, signal, headers = {} }: Call,
  token: string | undefined,
): { url: URL; init: RequestInit } {
  const address = new URL(path, url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  const sender = socketId();
  const isJson =
    body !== undefined && (Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype);
  return {
    url: address,
    init: {
      method,
      headers: {
        ...(isJson ? { 'content-type': 'application/json' } : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(appKey === undefined ? {} : { 'x-app-key': appKey }),
        ...(sender === undefined ? {} : { 'x-socket-id': sender }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: isJson ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>) }),
      ...(signal ? { signal } : {}),
    },
  };
}

/** The error of an attempt, and the delay before a retry; `undefined` if a retry is useless. */
async function failureOf(outcome: unknown, backoffMs: number): Promise<{ error: unknown; pauseMs?: number }> {
  if (!(outcome instanceof Response)) {
    const isCut = outcome instanceof MevrikError && outcome.code === 'unreachable';
    return isCut ? { error: outcome, pauseMs: backoffMs } : { error: outcome };
  }
  const { status, headers } = outcome;
  const error = await problemOf(outcome);
  if (status !== 429 && status !== 502 && status !== 503 && status !== 504) return { error };
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const pauseMs = Math.max(Number.isFinite(seconds) ? seconds * 1000 : 0, backoffMs);
  return pauseMs > maxDelayMs ? { error } : { error, pauseMs };
}

async function problemOf(response: Response): Promise<MevrikError> {
  // A proxy in between may answer with something other than JSON.
  const problem = (await bodyOf(response).catch(() => undefined)) as Partial<Problem> | undefined;
  const { code = 'http', detail = `The server responded with ${response.status}.`, errors } = problem ?? {};
  return new MevrikError(response.status, code, detail, errors ? { fields: errors } : {});
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
