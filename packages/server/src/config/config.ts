import { z } from 'zod';
import { readDatabaseUrl } from '../db/database-url.ts';
import {
  address,
  redisUrl,
  type Setting,
  secret,
  setting,
  text,
  thresholds,
  whole,
  workers,
  yesNo,
} from './setting-readers.ts';

/** One environment variable: what it means and how its text is read. */

/** Everything that can be set from outside, in the order of the reference page. */
export const settings = {
  PORT: setting('The port of HTTP and WebSocket.', '3000', whole(0, 65_535)),
  HOST: setting('The address to listen on; `0.0.0.0` for every interface.', '127.0.0.1', text(255)),
  PUBLIC_URL: setting(
    'Where people reach this server, when that is not `HOST` and `PORT`.',
    null,
    address(['http:', 'https:']),
  ),
  WORKERS: setting(
    'Processes that share the port, so that all cores are used; `auto` for one per core. `--workers` says the same.',
    '1',
    workers,
  ),
  DATABASE_URL: setting(
    'A PostgreSQL (15 or newer) to use instead of the embedded one.',
    null,
    z.string().transform((url, context) => {
      const target = readDatabaseUrl(url);
      if (target) return target;
      context.addIssue('must be an address such as postgres://user:password@host/database');
      return z.NEVER;
    }),
    true,
  ),
  DATABASE_POOL: setting('Connections of requests to the database, per process.', '16', whole(2, 500)),
  DATA_DIR: setting(
    'Where the embedded PostgreSQL keeps its data, and the files of messages are.',
    './data',
    text(1000),
  ),
  REDIS_URL: setting(
    'The Redis that connects the processes of several machines (the workers of one do without): `redis://`, `redis+sentinel://` or `redis+cluster://`, with `rediss` for TLS; see [the guide](../guides/redis.md).',
    null,
    redisUrl,
    true,
  ),
  PUSHER_APP_ID: setting(
    'The number of an app to bring along; made at start if it is new.',
    null,
    whole(1, 2_147_483_647),
  ),
  PUSHER_APP_KEY: setting(
    'The public key of that app.',
    null,
    z.string().regex(/^[\w-]{4,64}$/, 'must have 4 to 64 letters, digits, `-` or `_`'),
  ),
  PUSHER_APP_SECRET: setting('The secret of that app; it replaces a stored one.', null, secret(8), true),
  EVENT_BROADCAST_ENABLED: setting('Whether events are broadcast to connected clients.', 'true', yesNo),
  EVENT_QUEUE_ENABLED: setting(
    'Whether listeners run behind the request; `false` runs them before it is answered, for tests and debugging.',
    'true',
    yesNo,
  ),
  EVENT_RETRY_ATTEMPTS: setting(
    'Retries of a failed listener before its event is a dead letter.',
    '3',
    whole(0, 20),
  ),
  EVENT_TIMEOUT: setting('Seconds that a listener may take over one event.', '30', whole(1, 3600)),
  COMPRESSION: setting(
    'Whether WebSocket clients that ask for it get compressed messages: fewer bytes, more work.',
    'false',
    yesNo,
  ),
  RECOVERY_MAX_EVENTS: setting(
    'A client that comes back is told up to so many events that it missed of a channel; beyond, to load it anew.',
    '1000',
    whole(0, 10_000),
  ),
  RECOVERY_MAX_AGE: setting(
    'In seconds: a client that missed something older is told to load it anew.',
    '3600',
    whole(1, 604_800),
  ),
  CHANNEL_CLEANUP_INTERVAL: setting(
    'Seconds between two clean-ups of broadcast channels that nobody hears.',
    '3600',
    whole(1, 86_400),
  ),
  MAX_CONCURRENT_EVENTS: setting(
    'Events being handled at the same time, per process.',
    '1000',
    whole(1, 100_000),
  ),
  EVENT_LAG_LIMIT: setting(
    'Unhandled events from which on new messages are answered with 503.',
    '100000',
    whole(100, 100_000_000),
  ),
  EVENT_PARKED_LIMIT: setting('Parked events at which a listener is paused.', '10000', whole(1, 10_000_000)),
  JOB_CONCURRENCY: setting('Jobs that run at the same time, per process.', '4', whole(1, 100)),
  DELIVERY_CONCURRENCY: setting(
    'Messages that are on their way to providers at the same time, per process.',
    '16',
    whole(1, 500),
  ),
  AGENT_ABSENT_MINUTES: setting(
    'An agent who is online and has had no desk open for so many minutes is away until they are back; 0: they stay online.',
    '5',
    whole(0, 1_440),
  ),
  RECORD_RETENTION_DAYS: setting(
    'Days for which updates of providers, deliveries with their attempts, and replays are kept once they are over. Providers repeat an update for up to seven days, so it is longer than that.',
    '30',
    whole(8, 36_500),
  ),
  GRAPH_API_URL: setting(
    'Where Meta’s Graph API is, with its version.',
    'https://graph.facebook.com/v23.0',
    address(['http:', 'https:']),
  ),
  SMTP_PORT: setting(
    'The port on which mails for email channels are received; see [the guide](../guides/email.md).',
    null,
    whole(0, 65_535),
  ),
  SMTP_HOST: setting(
    'The address to receive mails on; `0.0.0.0` for every interface.',
    '127.0.0.1',
    text(255),
  ),
  SMTP_NAME: setting(
    'What the receiver of mails calls itself; without it, the machine’s name.',
    null,
    text(255),
  ),
  SMTP_TLS_CERT: setting(
    'The file with the certificate, in PEM, with which mails may come encrypted.',
    null,
    text(1000),
  ),
  SMTP_TLS_KEY: setting('The file with the key of that certificate.', null, text(1000)),
  SMTP_MAX_BYTES: setting('Bytes that a mail may have.', '10485760', whole(1024, 104_857_600)),
  SMTP_MAX_CONNECTIONS: setting('Connections that bring mails, per process.', '200', whole(1, 10_000)),
  SMTP_SENDER_LIMIT: setting(
    'Mails an hour from one sender to one channel; whoever sends more is asked to come later.',
    '200',
    whole(1, 1_000_000),
  ),
  MAIL_ATTEMPTS: setting(
    'Attempts to make a message of a mail that came in; after that it has failed, and an administrator can try again.',
    '10',
    whole(1, 100),
  ),
  ATTACHMENT_MAX_BYTES: setting(
    'Bytes that a file of a message may have.',
    '10485760',
    whole(1024, 104_857_600),
  ),
  ATTACHMENT_URL_HOURS: setting(
    'How long the address of a file works; each time a conversation is opened there are new ones.',
    '24',
    whole(1, 720),
  ),
  FETCH_PRIVATE_ADDRESSES: setting(
    'Whether files that a provider names may be fetched from inside of private networks: for stand-ins of providers only.',
    'false',
    yesNo,
  ),
  S3_ENDPOINT: setting(
    'The address of an S3-compatible store that keeps the files of messages, instead of `DATA_DIR`.',
    null,
    address(['http:', 'https:']),
  ),
  S3_REGION: setting('The region of that store.', 'us-east-1', text(100)),
  S3_BUCKET: setting('The bucket of that store.', null, text(255)),
  S3_ACCESS_KEY_ID: setting('Who we are at that store.', null, text(255)),
  S3_SECRET_ACCESS_KEY: setting('The secret that goes with it.', null, secret(1), true),
  MAX_CONNECTIONS: setting('WebSocket connections that one process takes.', '20000', whole(1, 1_000_000)),
  MAX_CONNECTIONS_PER_ADDRESS: setting(
    'WebSocket connections of one remote address that one process takes; `0` for no limit.',
    '2000',
    whole(0, 1_000_000),
  ),
  BODY_LIMIT: setting('Bytes that a request body may have.', '1048576', whole(1024, 10_485_760)),
  RATE_LIMIT: setting(
    'Requests a minute from one address; agents and back ends get ten times as many.',
    '600',
    whole(1, 1_000_000),
  ),
  CORS_ORIGINS: setting(
    'Pages that may call the API: origins separated by commas, or `*`.',
    '*',
    text(10_000),
  ),
  TRUST_PROXY: setting(
    'Whether `X-Forwarded-For` and `X-Forwarded-Proto` of a proxy in front are believed.',
    'false',
    yesNo,
  ),
  CUSTOMER_TOKEN_MINUTES: setting('How long a visitor’s access token lasts.', '60', whole(1, 1440)),
  AGENT_TOKEN_MINUTES: setting('How long an agent’s access token lasts.', '15', whole(1, 1440)),
  METRICS_TOKEN: setting(
    'The bearer token of `/metrics`; without one, only the machine itself may read it.',
    null,
    secret(16),
    true,
  ),
  HEALTH_INTERVAL: setting(
    'Seconds between two looks at the health of all parts; what was counted is stored as often.',
    '10',
    whole(1, 300),
  ),
  HEALTH_THRESHOLDS: setting(
    'From which values on a part is degraded and down, where not as shipped: `events.lag=1000/20000 database.answer=100/1000`; see [the guide](../guides/operating.md).',
    null,
    thresholds,
  ),
  LOG_LEVEL: setting(
    'What is logged: `debug`, `info`, `warn`, `error` or `silent`.',
    'info',
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
  ),
  NODE_ENV: setting('The environment that listeners’ conditions see.', 'production', text(50)),
} as const satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof settings;
type ValueOf<Name extends SettingName> = (typeof settings)[Name] extends Setting<infer Value> ? Value : never;
type Optional = {
  [Name in SettingName]: Name extends
    | 'PUBLIC_URL'
    | 'DATABASE_URL'
    | 'REDIS_URL'
    | 'METRICS_TOKEN'
    | 'HEALTH_THRESHOLDS'
    | 'SMTP_PORT'
    | 'SMTP_NAME'
    | 'SMTP_TLS_CERT'
    | 'SMTP_TLS_KEY'
    | 'S3_ENDPOINT'
    | 'S3_BUCKET'
    | 'S3_ACCESS_KEY_ID'
    | 'S3_SECRET_ACCESS_KEY'
    | 'PUSHER_APP_ID'
    | 'PUSHER_APP_KEY'
    | 'PUSHER_APP_SECRET'
    ? Name
    : never;
}[SettingName];

/** All settings, read. Those without a default and a value are `null`. */
export type Settings = {
  readonly [Name in SettingName]: ValueOf<Name> | (Name extends Optional ? null : never);
};

/** The configuration of a process, read once and frozen. */
export interface Config extends Settings {
  /** The app that the environment brings along. */
  readonly app: { readonly id: number; readonly key: string; readonly secret: string } | null;
}

/** The environment says something that cannot be; `problems` has a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
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
    else problems.push(`${name} ${parsed.error.issues[0]?.message}${isSecret ? '' : `, not "${given}"`}.`);
  }
  const read = values as unknown as Settings;
  const { PUSHER_APP_ID: id, PUSHER_APP_KEY: key, PUSHER_APP_SECRET: appSecret } = read;
  const missing = Object.entries({ PUSHER_APP_ID: id, PUSHER_APP_KEY: key, PUSHER_APP_SECRET: appSecret })
    .filter(([, value]) => value === null)
    .map(([name]) => name);
  if (missing.length > 0 && missing.length < 3 && !problems.some((line) => line.startsWith('PUSHER_APP'))) {
    problems.push(`${missing.join(' and ')} must be set too: an app has an id, a key and a secret.`);
  }
  if ((read.SMTP_TLS_CERT === null) !== (read.SMTP_TLS_KEY === null)) {
    problems.push('SMTP_TLS_CERT and SMTP_TLS_KEY must be set together.');
  }
  const { S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = read;
  const s3 = Object.entries({ S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY });
  const absent = s3.filter(([, value]) => value === null).map(([name]) => name);
  if (absent.length > 0 && absent.length < s3.length) {
    problems.push(`${absent.join(' and ')} must be set too, so that files can be kept in the S3 store.`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const app = id !== null && key !== null && appSecret !== null ? { id, key, secret: appSecret } : null;
  return Object.freeze({ ...read, app });
}
