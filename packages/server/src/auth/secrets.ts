import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Sql } from '../db/sql.ts';

/**
 * Reads a secret of the installation; the first node to ask makes it: 32 random bytes, in base64.
 * Any number of nodes may ask at once and get the same answer.
 */
export async function readOrCreateSecret(sql: Sql, name: string): Promise<Buffer> {
  const made = randomBytes(32).toString('base64');
  await sql`INSERT INTO secrets (name, value) VALUES (${name}, ${made}) ON CONFLICT (name) DO NOTHING`;
  const [row] = await sql<{ value: string }[]>`SELECT value FROM secrets WHERE name = ${name}`;
  if (!row) throw new Error(`The secret ${name} was deleted while it was being read.`);
  return Buffer.from(row.value, 'base64');
}

/** Random characters that fit into an address: for keys, secrets and tokens. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** SHA-256 in hex: how tokens of full entropy are stored. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares two secrets in a time that tells neither where they differ nor how long they are. */
export function sameSecret(given: string, expected: string): boolean {
  const hashed = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(hashed(given), hashed(expected));
}

/** What an app's back end computes to vouch for a customer: HMAC-SHA256 of the external id, in hex. */
function identityHash(externalId: string, appSecret: string): string {
  return createHmac('sha256', appSecret).update(externalId).digest('hex');
}

/** Whether an identity was vouched for by the app that has this secret. */
export function isIdentityProven(externalId: string, hash: string, appSecret: string): boolean {
  return sameSecret(hash.toLowerCase(), identityHash(externalId, appSecret));
}
