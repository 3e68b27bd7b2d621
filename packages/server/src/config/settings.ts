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

/** All settings (environment variables), in the order of the reference page. */
export const settings = {
  PORT: setting('Port for HTTP and WebSocket.', '3000', whole(0, 65_535)),
  HOST: setting('Address to listen on; `0.0.0.0` for all interfaces.', '127.0.0.1', text(255)),
  PUBLIC_URL: setting(
    'Public URL of this server, if it differs from `HOST` and `PORT`.',
    null,
    address(['http:', 'https:']),
  ),
  WORKERS: setting(
    'Number of processes that share the port, to use all cores; `auto` for one per core. Same as `--workers`.',
    '1',
    workers,
  ),
  DATABASE_URL: setting(
    'PostgreSQL (15 or newer) to use instead of the embedded one.',
    null,
    z.string().transform((url, context) => {
      const target = readDatabaseUrl(url);
      if (target) return target;
      context.addIssue('must be a URL such as postgres://user:password@host/database');
      return z.NEVER;
    }),
    true,
  ),
  DATABASE_POOL: setting('Database connections for requests, per process.', '16', whole(2, 500)),
  DATA_DIR: setting(
    'Directory for the data of the embedded PostgreSQL and for attachments.',
    './data',
    text(1000),
  ),
  DISK_RESERVE_MB: setting(
    'Free disk space in megabytes to keep in reserve; below it, new messages and files are rejected. `0` disables the check.',
    '512',
    whole(0, 1_000_000_000),
  ),
  REDIS_URL: setting(
    'Redis that connects processes on several machines (workers on one machine don’t need it): `redis://`, `redis+sentinel://` or `redis+cluster://`, with `rediss` for TLS; see [the guide](../guides/redis.md).',
    null,
    redisUrl,
    true,
  ),
  PUSHER_APP_ID: setting(
    'ID of an app to provision at startup; created if it does not exist.',
    null,
    whole(1, 2_147_483_647),
  ),
  PUSHER_APP_KEY: setting(
    'Public key of that app.',
    null,
    z.string().regex(/^[\w-]{4,64}$/, 'must have 4 to 64 letters, digits, `-` or `_`'),
  ),
  PUSHER_APP_SECRET: setting('Secret of that app; it replaces the stored one.', null, secret(8), true),
  EVENT_BROADCAST_ENABLED: setting(
    'Whether events and live notices are broadcast to connected clients.',
    'true',
    yesNo,
  ),
  EVENT_QUEUE_ENABLED: setting(
    'Whether listeners run in the background; `false` runs them before the request is answered, for tests and debugging.',
    'true',
    yesNo,
  ),
  EVENT_RETRY_ATTEMPTS: setting(
    'Retries of a failed listener before its event becomes a dead letter.',
    '3',
    whole(0, 20),
  ),
  EVENT_TIMEOUT: setting('Time limit for a listener to handle one event, in seconds.', '30', whole(1, 3600)),
  COMPRESSION: setting(
    'Whether WebSocket messages are compressed for clients that request it: less traffic, more CPU.',
    'false',
    yesNo,
  ),
  RECOVERY_MAX_EVENTS: setting(
    'Maximum number of missed events per broadcast channel that a reconnecting client recovers; beyond that it must reload.',
    '1000',
    whole(0, 10_000),
  ),
  RECOVERY_MAX_AGE: setting(
    'Maximum age of missed events that a reconnecting client recovers, in seconds; for older ones it must reload.',
    '3600',
    whole(1, 604_800),
  ),
  CHANNEL_CLEANUP_INTERVAL: setting(
    'Interval between cleanups of broadcast channels without subscribers, in seconds.',
    '3600',
    whole(1, 86_400),
  ),
  MAX_CONCURRENT_EVENTS: setting(
    'Maximum number of events handled at the same time, per process.',
    '1000',
    whole(1, 100_000),
  ),
  EVENT_LAG_LIMIT: setting(
    'Number of unhandled events at which new messages are rejected with 503.',
    '100000',
    whole(100, 100_000_000),
  ),
  EVENT_PARKED_LIMIT: setting(
    'Number of parked events of an app at which a listener is paused for that app.',
    '10000',
    whole(1, 10_000_000),
  ),
  JOB_CONCURRENCY: setting(
    'Maximum number of concurrent quick jobs, such as assignment, per process. Beside them, as many emails and parts of the archive are processed; one app may use three quarters of these.',
    '4',
    whole(1, 100),
  ),
  CALL_CONCURRENCY: setting(
    'Maximum number of concurrent HTTP bot calls and downloads, per process; one app may use three quarters of them.',
    '16',
    whole(1, 500),
  ),
  DELIVERY_CONCURRENCY: setting(
    'Maximum number of messages that are being sent to providers at the same time, per process; one app may use three quarters of them.',
    '16',
    whole(1, 500),
  ),
  AGENT_ABSENT_MINUTES: setting(
    'Minutes without an open desk after which an online agent is set to away; `0` keeps them online.',
    '5',
    whole(0, 1_440),
  ),
  AUDIT_RETENTION_DAYS: setting('Days to keep the audit log.', '730', whole(30, 36_500)),
  CONVERSATION_RETENTION_DAYS: setting('Days to keep conversations; `0`: no limit.', '730', whole(0, 36_500)),
  EVENT_RETENTION_DAYS: setting(
    'Days to keep events, with what listeners did, in the log before they are archived; `0` keeps them as long as conversations.',
    '30',
    whole(0, 36_500),
  ),
  EVENT_ARCHIVE_DAYS: setting(
    'Days to keep events in total, in the log and then in the archive; `0` turns archiving off.',
    '730',
    whole(0, 36_500),
  ),
  DEAD_LETTER_RETENTION_DAYS: setting(
    'Days until a dead letter is discarded; `0`: never.',
    '180',
    whole(0, 36_500),
  ),
  RECORD_RETENTION_DAYS: setting(
    'Days to keep finished webhook events, deliveries with their attempts, replays, and failed jobs. The minimum is 8, because providers resend webhook events for up to seven days.',
    '30',
    whole(8, 36_500),
  ),
  GRAPH_API_URL: setting(
    'Base URL of Meta’s Graph API, with its version.',
    'https://graph.facebook.com/v23.0',
    address(['http:', 'https:']),
  ),
  SMTP_PORT: setting(
    'Port on which email for email channels is received; see [the guide](../guides/email.md).',
    null,
    whole(0, 65_535),
  ),
  SMTP_HOST: setting('Address to receive email on; `0.0.0.0` for all interfaces.', '127.0.0.1', text(255)),
  SMTP_NAME: setting('Host name that the SMTP server announces; this machine’s by default.', null, text(255)),
  SMTP_TLS_CERT: setting('Path of the TLS certificate for received email, in PEM.', null, text(1000)),
  SMTP_TLS_KEY: setting('Path of the private key of that certificate.', null, text(1000)),
  SMTP_MAX_BYTES: setting('Maximum size of an email in bytes.', '10485760', whole(1024, 104_857_600)),
  SMTP_MAX_CONNECTIONS: setting('Maximum number of SMTP connections, per process.', '200', whole(1, 10_000)),
  SMTP_SENDER_LIMIT: setting(
    'Emails per hour that one sender may send to one channel; more are deferred with a temporary error.',
    '200',
    whole(1, 1_000_000),
  ),
  EMAIL_ATTEMPTS: setting(
    'Attempts to turn a received email into a message before it is marked as failed; an administrator can then retry it.',
    '10',
    whole(1, 100),
  ),
  ATTACHMENT_MAX_BYTES: setting('Maximum attachment size in bytes.', '10485760', whole(1024, 104_857_600)),
  ATTACHMENT_URL_HOURS: setting(
    'Hours until the URL of an attachment expires; opening a conversation creates new URLs.',
    '24',
    whole(1, 720),
  ),
  FETCH_PRIVATE_ADDRESSES: setting(
    'Whether attachments may be fetched from private network addresses; only for tests with stand-ins for providers.',
    'false',
    yesNo,
  ),
  S3_ENDPOINT: setting(
    'URL of an S3-compatible store for attachments, to use instead of `DATA_DIR`.',
    null,
    address(['http:', 'https:']),
  ),
  S3_REGION: setting('Region of that store.', 'us-east-1', text(100)),
  S3_BUCKET: setting('Bucket in that store.', null, text(255)),
  S3_ACCESS_KEY_ID: setting('Access key ID for that store.', null, text(255)),
  S3_SECRET_ACCESS_KEY: setting('Secret access key for that store.', null, secret(1), true),
  MAX_CONNECTIONS: setting(
    'Maximum number of WebSocket connections, per process.',
    '20000',
    whole(1, 1_000_000),
  ),
  MAX_CONNECTIONS_PER_ADDRESS: setting(
    'Maximum number of WebSocket connections from one remote address, per process; `0` for no limit.',
    '2000',
    whole(0, 1_000_000),
  ),
  BODY_LIMIT: setting('Maximum size of a request body in bytes.', '1048576', whole(1024, 10_485_760)),
  RATE_LIMIT: setting(
    'Requests per minute from one address; agents and back ends may send ten times as many.',
    '600',
    whole(1, 1_000_000),
  ),
  CORS_ORIGINS: setting(
    'Origins whose pages may call the API, separated by commas, or `*`.',
    '*',
    text(10_000),
  ),
  TRUST_PROXY: setting(
    'Whether the server is behind one reverse proxy: the last value of `X-Forwarded-For` and `X-Forwarded-Proto`, which it adds, is then the client’s address and protocol. Earlier values are ignored, since clients can invent them.',
    'false',
    yesNo,
  ),
  CUSTOMER_TOKEN_MINUTES: setting('Lifetime of a visitor’s access token, in minutes.', '60', whole(1, 1440)),
  AGENT_TOKEN_MINUTES: setting('Lifetime of an agent’s access token, in minutes.', '15', whole(1, 1440)),
  METRICS_TOKEN: setting(
    'Bearer token for `/metrics`; without one, only programs on the same machine may read it, and not through a proxy.',
    null,
    secret(16),
    true,
  ),
  HEALTH_INTERVAL: setting(
    'Interval between health checks, in seconds; statistics are stored at the same interval.',
    '10',
    whole(1, 300),
  ),
  HEALTH_THRESHOLDS: setting(
    'Thresholds at which a part counts as degraded and as down, to override the defaults: `events.lag=1000/20000 database.answer=100/1000`; see [the guide](../guides/operating.md).',
    null,
    thresholds,
  ),
  HANG_LIMIT: setting(
    'Seconds after which a process that hangs, as in an endless loop, is killed, so that systemd, Docker or the primary starts it again; `0`: never.',
    '60',
    whole(0, 3_600),
  ),
  LOG_LEVEL: setting(
    'Log level: `debug`, `info`, `warn`, `error` or `silent`.',
    'info',
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
  ),
  NODE_ENV: setting('Name of the environment, as passed to listeners’ conditions.', 'production', text(50)),
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

/** The parsed settings. Those without a value and a default are `null`. */
export type Settings = {
  readonly [Name in SettingName]: ValueOf<Name> | (Name extends Optional ? null : never);
};
