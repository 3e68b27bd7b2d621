import { createHash, createHmac } from 'node:crypto';
import { ProblemError } from '@mevrik/protocol';
import { sameSecret } from '../../auth/secrets.ts';
import type { Signer } from '../access/auth-signature.ts';

/** The signed parts of a request to the HTTP API. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The raw bytes; empty without a body. */
  readonly body: Buffer;
}

/** Maximum clock difference between client and server. */
const maxAgeSeconds = 600;

/**
 * Checks that a request was signed with the app's secret, not long ago, and with this body.
 * @throws ProblemError `invalid_signature`, naming the invalid part.
 */
export function requireSignature(app: Signer, request: SignedRequest, nowMs = Date.now()): void {
  const { query, body } = request;
  const refuse = (detail: string): never => {
    throw new ProblemError('invalid_signature', detail);
  };
  if (query.get('auth_key') !== app.key) refuse('auth_key does not match the app.');
  if (query.get('auth_version') !== '1.0') refuse('auth_version must be 1.0.');
  const timestamp = query.get('auth_timestamp') ?? '';
  const ageSeconds = Math.abs(nowMs / 1000 - Number(timestamp));
  if (!/^\d{1,12}$/.test(timestamp) || ageSeconds > maxAgeSeconds) {
    refuse(`auth_timestamp must be within ${maxAgeSeconds} seconds of our clock.`);
  }
  if (new Set(query.keys()).size !== [...query.keys()].length) refuse('A query parameter appears twice.');
  const bodyHash = query.get('body_md5');
  if (body.length > 0 || bodyHash !== null) {
    const actual = createHash('md5').update(body).digest('hex');
    if (!sameSecret(bodyHash ?? '', actual)) refuse('body_md5 does not match the body.');
  }
  const given = query.get('auth_signature') ?? '';
  const isSigned = pathsOf(request).some((path) =>
    sameSecret(given, signRequest(app.secret, { ...request, path })),
  );
  if (!isSigned) refuse('auth_signature is not valid.');
}

/**
 * The forms of a path that may have been signed: as sent, and unescaped, which is what libraries sign that leave escaping
 * to their HTTP client. A path that still looks escaped is not: it would be another path's first form.
 */
function pathsOf({ path }: SignedRequest): string[] {
  try {
    const unescaped = decodeURIComponent(path);
    return unescaped === path || unescaped.includes('%') ? [path] : [path, unescaped];
  } catch {
    // Not escaped correctly.
    return [path];
  }
}

/** The signature of a request: over method, path and all parameters in the order of their names, unescaped. */
export function signRequest(secret: string, { method, path, query }: Omit<SignedRequest, 'body'>): string {
  const parameters = [...query]
    .filter(([name]) => name !== 'auth_signature')
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return createHmac('sha256', secret).update(`${method.toUpperCase()}\n${path}\n${parameters}`).digest('hex');
}
