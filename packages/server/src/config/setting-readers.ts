import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseThresholds } from '../domain/health.ts';
import { readRedisUrl } from '../redis/redis-url.ts';

/** One environment variable. */
export interface Setting<Value> {
  /** What it does; shown on the reference page. */
  readonly meaning: string;
  /** The default as text; `null` if there is none. */
  readonly default: string | null;
  /** Whether the value must never be logged or shown. */
  readonly isSecret: boolean;
  /** Parses the text. @throws ZodError */
  readonly schema: z.ZodType<Value, string>;
}

/** Defines a setting. */
export function setting<Value>(
  meaning: string,
  fallback: string | null,
  schema: z.ZodType<Value, string>,
  isSecret = false,
): Setting<Value> {
  return { meaning, default: fallback, schema, isSecret };
}

/** A whole number from `min` to `max`. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
/** A number of processes, or `auto` for one per core. */
export const workers = z
  .string()
  .regex(/^(auto|\d+)$/, 'must be a whole number or auto')
  .transform((given) => (given === 'auto' ? availableParallelism() : Number(given)))
  .pipe(z.number().min(1, 'must be at least 1').max(256, 'must be at most 256'));
/** `true` or `false`. */
export const yesNo = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text === 'true' || text === '1');
/** A non-empty text of at most `max` characters. */
export const text = (max: number) =>
  z.string().min(1, 'must not be empty').max(max, `must have at most ${max} characters`);
/** A secret of at least `min` characters. */
export const secret = (min: number) => z.string().min(min, `must have at least ${min} characters`).max(200);
/** A URL with one of these protocols. */
export const address = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
/** The URL of Redis. */
export const redisUrl = z.string().check(({ value, issues }) => {
  const read = readRedisUrl(value);
  if (typeof read === 'string') issues.push({ code: 'custom', input: value, message: read });
});

/** The values from which a part counts as degraded and as down. */
export const thresholds = z.string().transform((text, context) => {
  try {
    return parseThresholds(text);
  } catch (error) {
    context.addIssue(`is invalid: ${error instanceof Error ? error.message : String(error)}`);
    return z.NEVER;
  }
});
