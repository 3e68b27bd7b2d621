import { ProblemError } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { digest, randomToken, sameSecret } from './secrets.ts';

const secretName = 'setup-token';
/** Any number that nobody else on the database uses for advisory locks. */
const setupLock = 7_364_101;

/** Whether there is an administrator who can log in. */
export async function hasAdministrator(sql: Sql): Promise<boolean> {
  const [row] = await sql`SELECT FROM agents WHERE role = 'admin' AND disabled_at IS NULL LIMIT 1`;
  return row !== undefined;
}

/** Several nodes may start at once, and each prints an address that must work. */
const maxTokens = 16;

/**
 * Makes a one-time token of the first set-up; its hash is stored. Earlier ones stay good, too, until one is used.
 * @returns the token, or `null` when there is an administrator already.
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

/** Whether this is a token of the set-up that is still to be done. */
export async function isSetupToken(sql: Sql, token: string): Promise<boolean> {
  const [row] = await sql<{ value: string }[]>`SELECT value FROM secrets WHERE name = ${secretName}`;
  const hash = digest(token);
  return row?.value.split(' ').some((known) => sameSecret(hash, known)) ?? false;
}

/**
 * Uses up the set-up tokens, inside the transaction that makes the administrator. Of two at once the second waits
 * for the first and then finds that it is done.
 *
 * @throws ProblemError `setup_done`, or `forbidden` when the token is none of them.
 */
export async function useSetupToken(sql: Sql, token: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${setupLock})`;
  if (await hasAdministrator(sql)) {
    throw new ProblemError('setup_done', 'Log in with the existing administrator account.');
  }
  if (!(await isSetupToken(sql, token))) {
    throw new ProblemError(
      'forbidden',
      'This setup link is invalid or has expired. Restart the server to get a new one.',
    );
  }
  await sql`DELETE FROM secrets WHERE name = ${secretName}`;
}
