import { type Algorithm, hash, verify } from '@node-rs/argon2';

// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const cost = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The hash that passwords are compared with for unknown addresses, which takes as long as a real comparison. */
let placeholderHash: Promise<string> | undefined;

/** Hashes a password with argon2id and a random salt. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/**
 * Whether a password matches a hash. Without a hash, for an unknown address, the result is false after the same time,
 * so that the time does not reveal which addresses exist.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  placeholderHash ??= hashPassword('not a password of any account');
  const matches = await verify(passwordHash ?? (await placeholderHash), password);
  return matches && passwordHash !== null;
}
