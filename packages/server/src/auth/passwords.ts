import { type Algorithm, hash, verify } from '@node-rs/argon2';

/** Shorter passwords are refused. */
export const minPasswordLength = 10;

// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const cost = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** What a password is compared with when nobody has that address: as slow as a real comparison. */
let stranger: Promise<string> | undefined;

/** Hashes a password with argon2id and a salt of its own. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/**
 * Whether the password is the hashed one. Without a hash (nobody has that address) the answer is no, after as
 * long a time, so that the time does not tell who exists.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  stranger ??= hashPassword('nobody has this password');
  const matches = await verify(passwordHash ?? (await stranger), password);
  return matches && passwordHash !== null;
}
