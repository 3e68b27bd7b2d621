import { ProblemError } from '@mevrik/protocol';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** The holder of an access token. Their permissions are looked up whenever it is used. */
export type TokenSubject =
  | {
      readonly kind: 'customer';
      readonly appId: number;
      readonly customerId: number;
      readonly contactIdentityId: number;
      readonly conversationKey: string;
      /** The epoch of the log in which these ids were given: in another one they can be those of other customers. */
      readonly epoch: string;
    }
  | {
      readonly kind: 'agent';
      readonly agentId: number;
      readonly role: 'agent' | 'supervisor' | 'admin';
      /** The login that the token belongs to; logging out revokes it. */
      readonly family: string;
    };

/** An access token and its lifetime. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Issues and verifies access tokens. */
export interface AccessTokens {
  issue(subject: TokenSubject): Promise<AccessToken>;
  /** @throws ProblemError `token_expired`, or `unauthenticated` for an invalid token. */
  read(token: string): Promise<TokenSubject>;
}

const issuer = 'mevrik';
const audience = 'mevrik-api';
/** Accepted clock difference between nodes. */
const clockToleranceSeconds = 5;

const claimsSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('customer'),
    appId: z.int(),
    customerId: z.int(),
    contactIdentityId: z.int(),
    conversationKey: z.string(),
    epoch: z.string(),
  }),
  z.object({
    kind: z.literal('agent'),
    agentId: z.int(),
    role: z.enum(['agent', 'supervisor', 'admin']),
    family: z.string(),
  }),
]);

/**
 * When the access token of a header expires, in milliseconds since 1970; `undefined` if it is not a token that expires.
 * The token must have been verified before.
 */
export function expiryOf(header: string): number | undefined {
  try {
    const { exp } = decodeJwt(header.slice(header.indexOf(' ') + 1));
    return exp === undefined ? undefined : (exp + clockToleranceSeconds) * 1000;
  } catch {
    // Not a JSON Web Token: an API token does not expire.
    return undefined;
  }
}

/** Creates access tokens that are JWTs, signed with HS256 and a key that all nodes share. */
export function createAccessTokens(
  key: Uint8Array,
  lifetimes: { readonly customerSeconds: number; readonly agentSeconds: number },
): AccessTokens {
  return {
    async issue(subject) {
      const expiresInSeconds = subject.kind === 'agent' ? lifetimes.agentSeconds : lifetimes.customerSeconds;
      const now = Math.floor(Date.now() / 1000);
      const accessToken = await new SignJWT({ ...subject })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(now + expiresInSeconds)
        .sign(key);
      return { accessToken, expiresInSeconds };
    },
    async read(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer,
          audience,
          requiredClaims: ['exp', 'iat'],
          clockTolerance: clockToleranceSeconds,
        });
        return claimsSchema.parse(payload);
      } catch (error) {
        if (error instanceof errors.JWTExpired) {
          throw new ProblemError('token_expired', 'Refresh the access token and try again.', {
            cause: error,
          });
        }
        throw new ProblemError('unauthenticated', 'Invalid access token.', { cause: error });
      }
    },
  };
}
