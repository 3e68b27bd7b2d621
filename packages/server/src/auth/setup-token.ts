import { ProblemError } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { digest, randomToken, sameSecret } from './secrets.ts';

const secretName = 'setup-token';
/** A number that no other advisory lock on the database uses. */
const setupLock = 7_364_101;

/** Whether an enabled administrator exists. */
export async function hasAdministrator(sql: Sql): Promise<boolean> {
  const [row] = await sql`SELECT FROM agents WHERE role = 'admin' AND disabled_at IS NULL LIMIT 1`;
  return row !== undefined;
}

/** Several nodes may start at once, and the link that each prints must work. */
const maxTokens = 16;

/**
 * Creates a one-time setup token; only its hash is stored. Earlier tokens stay valid until one is used.
 * @returns the token; `null` if an administrator already exists.
 */
export async function createSetupToken(sql: Sql): Promise<string | null> {
  if (await hasAdministrator(sql)) return null;
  const token = randomToken(24);
  await sql`
    INSERT INTO secrets (name, value) VALUES (${secretName}, ${digest(token)})
    ON CONFLICT (name) DO UPDATE SET created_at = now(), value = array_to_string(
      (string_to_array(excluded.value || ' ' || secrets.value, ' '))[1:${maxTokens}], ' ')`;
  return token;
}

/** The link to create the first administrator with a setup token. */
export function setupUrl(url: string, token: string): string {
  return `${url}/setup?token=${token}`;
}

/** Whether a setup token is valid. */
export async function isSetupToken(sql: Sql, token: string): Promise<boolean> {
  const [row] = await sql<{ value: string }[]>`SELECT value FROM secrets WHERE name = ${secretName}`;
  const hash = digest(token);
  return row?.value.split(' ').some((known) => sameSecret(hash, known)) ?? false;
}

/**
 * Consumes the setup tokens, inside the transaction that creates the administrator. A concurrent second setup waits for
 * the first and then fails.
 *
 * @throws ProblemError `setup_done`, or `forbidden` for an invalid token.
 */
export async function useSetupToken(sql: Sql, token: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${setupLock})`;
  if (await hasAdministrator(sql)) {
    throw new ProblemError(
      'setup_done',
      'Setup is already complete. Log in with the existing administrator account.',
    );
  }
  if (!(await isSetupToken(sql, token))) {
    throw new ProblemError(
      'forbidden',
      'This setup link is invalid or has expired. Restart the server to get a new one.',
    );
  }
  await sql`DELETE FROM secrets WHERE name = ${secretName}`;
}
