import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseThresholds } from '../domain/health.ts';
import { readRedisUrl } from '../redis/redis-url.ts';

/** One environment variable. */
export interface Setting<Value> {
  /** What it does, for people; the reference page is made of it. */
  readonly meaning: string;
  /** The default as it would be written; `null` where there is none. */
  readonly default: string | null;
  /** Never logged, never shown. */
  readonly isSecret: boolean;
  /** Reads the text. @throws ZodError */
  readonly schema: z.ZodType<Value, string>;
}

/** Makes a setting. */
export function setting<Value>(
  meaning: string,
  fallback: string | null,
  schema: z.ZodType<Value, string>,
  isSecret = false,
): Setting<Value> {
  return { meaning, default: fallback, schema, isSecret };
}

/** A whole number between two. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
/** A number of processes, or `auto`: one a core. */
export const workers = z
  .string()
  .regex(/^(auto|\d+)$/, 'must be a whole number, or auto')
  .transform((given) => (given === 'auto' ? availableParallelism() : Number(given)))
  .pipe(z.number().min(1, 'must be at least 1').max(256, 'must be at most 256'));
/** `true` or `false`. */
export const yesNo = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text === 'true' || text === '1');
/** A text of so many characters at most. */
export const text = (max: number) =>
  z.string().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);
/** A secret of so many characters at least. */
export const secret = (min: number) => z.string().min(min, `must have at least ${min} characters`).max(200);
/** An address with one of these protocols. */
export const address = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
/** Where Redis is. */
export const redisUrl = z.string().check(({ value, issues }) => {
  const read = readRedisUrl(value);
  if (typeof read === 'string') issues.push({ code: 'custom', input: value, message: read });
});

/** From which values on a part is degraded and down. */
export const thresholds = z.string().transform((text, context) => {
  try {
    return parseThresholds(text);
  } catch (error) {
    context.addIssue(`is not understood: ${error instanceof Error ? error.message : String(error)}`);
    return z.NEVER;
  }
});
