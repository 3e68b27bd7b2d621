import type { z } from 'zod';
import { type Settings, settings } from './settings.ts';

/** The configuration of a process, read once and frozen. */
export interface Config extends Settings {
  /** The app that the environment provisions. */
  readonly app: { readonly id: number; readonly key: string; readonly secret: string } | null;
}

/** The configuration is invalid; `problems` has one line for each error. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the environment. An empty variable counts as absent.
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, default: fallback, isSecret }] of Object.entries(settings)) {
    const given = env[name] || fallback;
    if (given === null) {
      values[name] = null;
      continue;
    }
    const parsed = (schema as z.ZodType<unknown, string>).safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message}${isSecret ? '' : ` (got "${given}")`}.`);
  }
  const read = values as unknown as Settings;
  const { PUSHER_APP_ID: id, PUSHER_APP_KEY: key, PUSHER_APP_SECRET: appSecret } = read;
  const missing = Object.entries({ PUSHER_APP_ID: id, PUSHER_APP_KEY: key, PUSHER_APP_SECRET: appSecret })
    .filter(([, value]) => value === null)
    .map(([name]) => name);
  if (missing.length > 0 && missing.length < 3 && !problems.some((line) => line.startsWith('PUSHER_APP'))) {
    problems.push(`${missing.join(' and ')} must also be set: an app has an ID, a key and a secret.`);
  }
  if ((read.SMTP_TLS_CERT === null) !== (read.SMTP_TLS_KEY === null)) {
    problems.push('SMTP_TLS_CERT and SMTP_TLS_KEY must be set together.');
  }
  const { S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = read;
  const s3 = Object.entries({ S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY });
  const absent = s3.filter(([, value]) => value === null).map(([name]) => name);
  if (absent.length > 0 && absent.length < s3.length) {
    problems.push(`${absent.join(' and ')} must also be set to store attachments in S3.`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const app = id !== null && key !== null && appSecret !== null ? { id, key, secret: appSecret } : null;
  return Object.freeze({ ...read, app });
}
