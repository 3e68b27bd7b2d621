import { ProblemError } from '@mevrik/protocol';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** Whom an access token was issued to. What they may do now is looked up when it is used. */
export type TokenSubject =
  | {
      readonly kind: 'customer';
      readonly appId: number;
      readonly customerId: number;
      readonly contactIdentityId: number;
      readonly conversationKey: string;
    }
  | {
      readonly kind: 'agent';
      readonly agentId: number;
      readonly role: 'agent' | 'supervisor' | 'admin';
      /** The login that it belongs to: logging out ends it. */
      readonly family: string;
    };

/** An access token and how long it lasts. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Signs and reads access tokens. */
export interface AccessTokens {
  issue(subject: TokenSubject): Promise<AccessToken>;
  /** @throws ProblemError `token_expired`, or `unauthenticated` when it is not one of ours. */
  read(token: string): Promise<TokenSubject>;
}

const issuer = 'mevrik';
const audience = 'mevrik-api';
/** Clocks of two nodes may differ by this much. */
const clockToleranceSeconds = 5;

const claimsSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('customer'),
    appId: z.int(),
    customerId: z.int(),
    contactIdentityId: z.int(),
    conversationKey: z.string(),
  }),
  z.object({
    kind: z.literal('agent'),
    agentId: z.int(),
    role: z.enum(['agent', 'supervisor', 'admin']),
    family: z.string(),
  }),
]);

/**
 * When a header's access token is no longer taken, in milliseconds since 1970; `undefined` where it is no token that
 * expires. The token is not checked: this is for those who have checked it.
 */
export function expiryOf(header: string): number | undefined {
  try {
    const { exp } = decodeJwt(header.slice(header.indexOf(' ') + 1));
    return exp === undefined ? undefined : (exp + clockToleranceSeconds) * 1000;
  } catch {
    return undefined;
  }
}

/** Access tokens are JWTs signed with HS256, by a key that all nodes share. */
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
