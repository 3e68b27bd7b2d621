import { ProblemError } from '@mevrik/protocol';
import { v7 as uuidv7 } from 'uuid';
import type { Sql } from '../db/sql.ts';
import { digest, randomToken, sameSecret } from './secrets.ts';

/** The holder of a refresh token. */
export type TokenHolder =
  | { readonly kind: 'customer'; readonly contactIdentityId: number }
  | { readonly kind: 'agent'; readonly agentId: number };

/** A new refresh token; its text is not stored. */
export interface IssuedRefreshToken {
  readonly refreshToken: string;
  readonly family: string;
}

/** The outcome of a refresh. A reused token is an outcome and not an error, so that its revocation commits. */
export type Rotation<Kind extends TokenHolder['kind'] = TokenHolder['kind']> =
  | {
      readonly outcome: 'rotated';
      readonly holder: Extract<TokenHolder, { kind: Kind }>;
      readonly issued: IssuedRefreshToken;
    }
  | { readonly outcome: 'unknown' | 'expired' | 'revoked' | 'reused' };

/** Lifetime of refresh tokens since their last use: visitors return after weeks, agents every shift. */
const refreshLifetimesDays = { customer: 365, agent: 14 } as const;

/**
 * Within this time, a visitor's token may be used again: two tabs may refresh at once, and a response may get lost.
 * Agents log in again instead.
 */
const customerReuseGraceSeconds = 10;

interface Row {
  id: string;
  family: string;
  token_hash: string;
  agent_id: number | null;
  contact_identity_id: number | null;
  is_expired: boolean;
  is_used: boolean;
  is_in_grace: boolean;
  is_revoked: boolean;
}

/** Issues a refresh token of the form `id.secret`; only the hash of the secret is stored. */
export async function issueRefreshToken(
  sql: Sql,
  holder: TokenHolder,
  family: string = uuidv7(),
): Promise<IssuedRefreshToken> {
  const id = uuidv7();
  const secret = randomToken(32);
  await sql`
    INSERT INTO refresh_tokens (id, family, token_hash, agent_id, contact_identity_id, expires_at)
    VALUES (${id}, ${family}, ${digest(secret)}, ${holder.kind === 'agent' ? holder.agentId : null},
            ${holder.kind === 'customer' ? holder.contactIdentityId : null},
            now() + ${refreshLifetimesDays[holder.kind]} * interval '1 day')`;
  return { refreshToken: `${id}.${secret}`, family };
}

/**
 * Exchanges a refresh token for its successor, inside a transaction. A token that was already used may be stolen: its
 * whole family is revoked, and both holders must log in again. A token of another kind of holder is unknown and stays
 * unchanged.
 */
export async function rotateRefreshToken<Kind extends TokenHolder['kind']>(
  sql: Sql,
  kind: Kind,
  token: string,
): Promise<Rotation<Kind>> {
  const row = await findToken(sql, token);
  if (!row || (row.agent_id === null ? 'customer' : 'agent') !== kind) return { outcome: 'unknown' };
  if (row.is_revoked) return { outcome: 'revoked' };
  if (row.is_used && !row.is_in_grace) {
    await revokeFamily(sql, row.family);
    return { outcome: 'reused' };
  }
  if (row.is_expired) return { outcome: 'expired' };
  const holder: TokenHolder =
    row.agent_id === null
      ? { kind: 'customer', contactIdentityId: row.contact_identity_id ?? 0 }
      : { kind: 'agent', agentId: row.agent_id };
  await sql`UPDATE refresh_tokens SET used_at = coalesce(used_at, now()) WHERE id = ${row.id}`;
  const issued = await issueRefreshToken(sql, holder, row.family);
  // The kind was compared above, which the compiler cannot infer.
  return { outcome: 'rotated', holder: holder as Extract<TokenHolder, { kind: Kind }>, issued };
}

/** Revokes a login: its refresh tokens at once, and its access tokens within seconds. */
export async function revokeFamily(sql: Sql, family: string): Promise<void> {
  await sql`UPDATE refresh_tokens SET revoked_at = now() WHERE family = ${family} AND revoked_at IS NULL`;
}

/** Revokes all logins of an agent: after a change of password or role, or when they are disabled. */
export async function revokeAgentTokens(sql: Sql, agentId: number): Promise<void> {
  await sql`UPDATE refresh_tokens SET revoked_at = now() WHERE agent_id = ${agentId} AND revoked_at IS NULL`;
}

/** The problem for a refresh that failed. */
export function rotationProblem(outcome: Exclude<Rotation['outcome'], 'rotated'>): ProblemError {
  if (outcome === 'expired') return new ProblemError('token_expired', 'The refresh token has expired.');
  return new ProblemError('unauthenticated', 'Invalid or revoked refresh token.');
}

/** The locked row of a token, so that concurrent refreshes run one after the other. */
async function findToken(sql: Sql, token: string): Promise<Row | undefined> {
  const id = idOf(token);
  if (!id) return undefined;
  const [row] = await sql<Row[]>`
    SELECT id, family, token_hash, agent_id, contact_identity_id, expires_at <= now() AS is_expired,
           used_at IS NOT NULL AS is_used, revoked_at IS NOT NULL AS is_revoked,
           agent_id IS NULL AND used_at > now() - ${customerReuseGraceSeconds} * interval '1 second' AS is_in_grace
    FROM refresh_tokens WHERE id = ${id} FOR UPDATE`;
  return row && sameSecret(digest(token.slice(id.length + 1)), row.token_hash) ? row : undefined;
}

function idOf(token: string): string | undefined {
  return /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[\w-]{43}$/.exec(token)?.[1];
}
