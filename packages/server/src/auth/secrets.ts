import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Sql } from '../db/sql.ts';

/**
 * Reads a secret of the installation. The first node to read it creates it: 32 random bytes. Concurrent nodes get the
 * same secret.
 */
export async function readOrCreateSecret(sql: Sql, name: string): Promise<Buffer> {
  const created = randomBytes(32).toString('base64');
  await sql`INSERT INTO secrets (name, value) VALUES (${name}, ${created}) ON CONFLICT (name) DO NOTHING`;
  const [row] = await sql<{ value: string }[]>`SELECT value FROM secrets WHERE name = ${name}`;
  if (!row) throw new Error(`The secret ${name} was deleted while it was being read.`);
  return Buffer.from(row.value, 'base64');
}

/** Random URL-safe characters, for keys, secrets and tokens. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** SHA-256 in hex, to store tokens of full entropy. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares two secrets in constant time, regardless of their length. */
export function sameSecret(given: string, expected: string): boolean {
  const hashed = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(hashed(given), hashed(expected));
}

/** The signature of a customer's identity: HMAC-SHA256 of the external id, in hex. */
function identityHash(externalId: string, appSecret: string): string {
  return createHmac('sha256', appSecret).update(externalId).digest('hex');
}

/** Whether an identity was signed with the secret of the app. */
export function isIdentityProven(externalId: string, hash: string, appSecret: string): boolean {
  return sameSecret(hash.toLowerCase(), identityHash(externalId, appSecret));
}
