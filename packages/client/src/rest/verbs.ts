import type { Call, Caller } from '../caller.ts';
import { randomKey } from '../random-key.ts';

/** How a write that must happen once is sent. */
export interface Once {
  /** Requests with the same key happen once; a random key by default. */
  readonly key?: string;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** Keeps a change from overwriting another one that was made in the meantime. */
export type Precondition = Pick<Call, 'ifMatch' | 'onEtag'>;

/** POST and GET with a JSON body or a query. */
export interface Verbs {
  /** A POST with a JSON body. */
  post<Answer>(path: string, body: unknown, more?: Call): Promise<Answer>;
  /** A GET with a query. */
  get<Answer>(path: string, query?: object): Promise<Answer>;
}

/** The two verbs that most calls need. */
export function verbsOf(call: Caller): Verbs {
  return {
    post: (path, body, more = {}) => call('POST', path, { body, ...more }),
    get: (path, query) => call('GET', path, query ? { query: query as NonNullable<Call['query']> } : {}),
  };
}

/** The idempotency key and the abort signal of a call. */
export function once({ key = randomKey(), signal }: Once = {}): Pick<Call, 'idempotencyKey' | 'signal'> {
  return { idempotencyKey: key, ...(signal && { signal }) };
}
