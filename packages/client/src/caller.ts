import type { Problem } from '@mevrik/protocol';
import { MevrikError } from './errors.ts';
import { fetchWithProgress } from './fetch-with-progress.ts';

/** What proves who calls: a token, or what gives one. `isRefused` says that the last one was, so that it gets another. */
export type TokenSource = string | ((isRefused: boolean) => string | Promise<string>);

/** What a caller is given. */
export interface CallerOptions {
  /** The server's address, such as `https://chat.example.com`. */
  readonly url: string;
  /** The app, for users of several apps. */
  readonly appKey: string | undefined;
  readonly token: TokenSource | undefined;
  readonly fetch: typeof fetch;
  /** The connection that receives no broadcasts caused by this call. */
  readonly socketId: () => string | undefined;
  /** From 0 to 1; spreads repetitions. */
  readonly random: () => number;
}

/** What a call may carry. */
export interface Call {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; what is no plain object, such as a file, as it is. */
  readonly body?: unknown;
  /** Under this key the server does it once, however often it is asked: the call may be repeated. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only where it is still as it was under this ETag; otherwise `precondition_failed`, and nothing is done. */
  readonly ifMatch?: string | undefined;
  /** Told the ETag of the answer: it names the state that was read, or that was made. */
  readonly onEtag?: (etag: string) => void;
  /** Told how much of the body has gone out, from 0 to 1; in browsers only. */
  readonly onProgress?: (progress: number) => void;
}

/** Calls the API. @throws MevrikError for whatever it does not do. */
export type Caller = <Answer>(method: string, path: string, call?: Call) => Promise<Answer>;

const maxAttempts = 4;
const firstDelayMs = 500;
/** Longer than that, the caller decides. */
const maxDelayMs = 30_000;

/**
 * Makes a caller. What may be repeated (reading, and what has an idempotency key) is tried up to four times when no
 * answer comes or the server is busy, after the pause that it asks for.
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

/** What went wrong, and after how long it may be tried again; `undefined` where that is of no use. */
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
  const problem = (await bodyOf(response).catch(() => undefined)) as Partial<Problem> | undefined;
  const { code = 'http', detail = `The server answered ${response.status}.`, errors } = problem ?? {};
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
