import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { FileAddresses } from '../attachments/file-address.ts';
import type { Files } from '../attachments/files.ts';
import type { AuditEntry } from '../audit/audit.ts';
import type { AccessTokens } from '../auth/access-tokens.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { Notify } from '../live/notice.ts';
import type { QueueNotifier } from '../live/queue-notifier.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';

/** How the HTTP server behaves. */
export interface HttpConfig {
  /** Maximum body size in bytes. */
  readonly bodyLimitBytes: number;
  /** Whether the last address of `X-Forwarded-For`, which a proxy has added, is the client's. */
  readonly trustProxy: boolean;
  /** Requests per minute from one address; agents and back ends get ten times as many. */
  readonly rateLimitPerMinute: number;
  /** New messages are rejected while more events than this wait to be handled. */
  readonly lagLimit: number;
  /** `*`, or the origins of pages that may call the API. */
  readonly corsOrigins: '*' | readonly string[];
  /** The public URL of this server; `null` while it is not known. */
  readonly publicUrl: string | null;
  /** Overrides of `defaultRequestTimeouts`. */
  readonly timeouts?: Partial<RequestTimeouts>;
}

/** How long requests, including WebSocket handshakes, may take to arrive before the connection is closed. */
export interface RequestTimeouts {
  /** For the headers, from the connection or the previous response. */
  readonly headersMs: number;
  /** For the headers and the body. */
  readonly requestMs: number;
  /** Interval of the check for slow requests. */
  readonly checkMs: number;
}

/** Timeouts that apply unless overridden. */
export const defaultRequestTimeouts: RequestTimeouts = {
  headersMs: 10_000,
  requestMs: 60_000,
  checkMs: 5_000,
};

/** Dependencies of the HTTP server and its routes. */
export interface HttpDeps {
  readonly config: HttpConfig;
  readonly database: Database;
  /** The pool of what agents read at the desk. */
  readonly deskReads: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly authenticator: Authenticator;
  readonly accessTokens: AccessTokens;
  readonly files: Files;
  readonly fileAddresses: FileAddresses;
  /** Publishes live notices to the screens. */
  readonly notify: Notify;
  readonly queueNotifier: Pick<QueueNotifier, 'agentChanged' | 'availabilityChanged'>;
  /** Number of events waiting to be handled. */
  readonly lag: () => number;
  /** Whether there is no room for new data. */
  readonly isDiskLow: () => boolean;
  /** Records an entry in the audit log. Must not throw, and is not awaited. */
  readonly audit: (entry: AuditEntry) => void;
  readonly log: Log;
  /** Called after every response, with the route. */
  readonly onResponse?: (method: string, route: string, status: number, seconds: number) => void;
  /** Routes of other parts, in addition to those that are always present. */
  readonly routes: readonly RoutePlugin[];
}

/** A Fastify server with Zod schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/**
 * Adds routes with their full paths, in a scope of their own. Each declares in its `config` who may call it:
 * `config: { access: 'public' }` or `config: { access: ['agent', 'supervisor', 'admin'] }`. The server does not start if
 * one does not.
 */
export type RoutePlugin = (api: Api) => void | Promise<void>;
