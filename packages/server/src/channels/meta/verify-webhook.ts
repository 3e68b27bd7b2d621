import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { sameSecret } from '../../auth/secrets.ts';

/** The secrets that every channel of Meta's has. */
const secretsSchema = z.object({ appSecret: z.string(), verifyToken: z.string() });

/** Responds to Meta's verification request with its challenge, if the verify token matches. */
export function confirmWebhook(
  query: Readonly<Record<string, unknown>>,
  settings: unknown,
): string | undefined {
  const known = secretsSchema.safeParse(settings);
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  if (!known.success || mode !== 'subscribe') return undefined;
  if (typeof token !== 'string' || typeof challenge !== 'string') return undefined;
  return sameSecret(token, known.data.verifyToken) ? challenge : undefined;
}

/**
 * Whether Meta signed these bytes: `X-Hub-Signature-256` is the HMAC-SHA256 of the raw body. Meta escapes non-ASCII
 * characters before signing, so a parsed and reserialised body would not match.
 */
export function verifyWebhook(
  body: Buffer,
  headers: Readonly<Record<string, unknown>>,
  settings: unknown,
): boolean {
  const known = secretsSchema.safeParse(settings);
  const signature = headers['x-hub-signature-256'];
  if (!known.success || typeof signature !== 'string') return false;
  const expected = createHmac('sha256', known.data.appSecret).update(body).digest('hex');
  return sameSecret(signature, `sha256=${expected}`);
}
