import type { Call, Caller } from '../caller.ts';
import { randomKey } from '../random-key.ts';

/** The key of a write that must happen once, also when it is sent again. One is generated where none is given. */
export interface Once {
  readonly key?: string;
}

/** Keeps a change from overwriting another one that was made in the meantime. */
export type Precondition = Pick<Call, 'ifMatch' | 'onEtag'>;

/** POST and GET with a JSON body or a query. */
export interface Verbs {
  post<Answer>(path: string, body: unknown, more?: Call): Promise<Answer>;
  get<Answer>(path: string, query?: object): Promise<Answer>;
}

/** The two verbs that most calls need. */
export function verbsOf(call: Caller): Verbs {
  return {
    post: (path, body, more = {}) => call('POST', path, { body, ...more }),
    get: (path, query) => call('GET', path, query ? { query: query as NonNullable<Call['query']> } : {}),
  };
}

/** The idempotency key of a call. */
export function once({ key = randomKey() }: Once = {}): Pick<Call, 'idempotencyKey'> {
  return { idempotencyKey: key };
}
