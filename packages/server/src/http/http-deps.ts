import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { FileAddresses } from '../attachments/file-address.ts';
import type { Files } from '../attachments/files.ts';
import type { AuditEntry } from '../audit/audit.ts';
import type { AccessTokens } from '../auth/access-tokens.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Gateway } from '../broadcast/gateway.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { Reception } from '../live/reception.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';

/** How the HTTP server behaves. */
export interface HttpConfig {
  /** Bytes that a body may have. */
  readonly bodyLimitBytes: number;
  /** Whether a proxy's `X-Forwarded-For` is believed. */
  readonly trustProxy: boolean;
  /** Requests a minute from one address; agents and back ends get ten times as many. */
  readonly rateLimitPerMinute: number;
  /** Events waiting to be handled from which on new messages are refused. */
  readonly lagLimit: number;
  /** `*`, or the origins of the pages that may call the API. */
  readonly corsOrigins: '*' | readonly string[];
  /** Where people reach this server; `null` while that is not known. */
  readonly publicUrl: string | null;
  /** What differs from `arrivalDefaults`. */
  readonly arrival?: Partial<ArrivalTimes>;
}

/** How long requests, WebSocket handshakes among them, may take to arrive; whoever is slower is cut off. */
export interface ArrivalTimes {
  /** From when the connection is made, or the request before it was answered. */
  readonly headersMs: number;
  /** The body included. */
  readonly requestMs: number;
  /** How often it is looked at who is too slow. */
  readonly checkMs: number;
}

/** What holds where nothing else is said. */
export const arrivalDefaults: ArrivalTimes = { headersMs: 10_000, requestMs: 60_000, checkMs: 5_000 };

/** What the HTTP server is given. */
export interface HttpDeps {
  readonly config: HttpConfig;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly authenticator: Authenticator;
  readonly accessTokens: AccessTokens;
  readonly files: Files;
  readonly fileAddresses: FileAddresses;
  readonly gateway: Pick<Gateway, 'publish'>;
  readonly reception: Pick<Reception, 'agentChanged' | 'openingChanged'>;
  /** How many events wait to be handled. */
  readonly lag: () => number;
  /** Takes what somebody should be able to read later. Must not throw; it is not waited for. */
  readonly audit: (entry: AuditEntry) => void;
  readonly log: Log;
  /** Told of every answered request, by its route. */
  readonly onAnswered?: (method: string, route: string, status: number, seconds: number) => void;
  /** The routes of other parts, beside the ones that are always there. */
  readonly routes: readonly RoutePlugin[];
}

/** A Fastify server whose schemas are Zod's. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/**
 * Adds routes, with their full paths, to a scope of their own. Each says in its `config` who may call it:
 * `config: { access: 'public' }` or `config: { access: ['agent', 'supervisor', 'admin'] }`; the server does not
 * start with one that does not.
 */
export type RoutePlugin = (api: Api) => void | Promise<void>;
