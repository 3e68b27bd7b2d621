import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { ProblemError } from '@mevrik/protocol';
import fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { maxPathPart } from '../broadcast/http-api/api-routes.ts';
import { CallerGoneError, workFor } from '../db/caller.ts';
import { isDatabaseFull, isDatabaseUnavailable } from '../db/database-errors.ts';
import { describeFieldErrors } from '../domain/field-errors.ts';
import { actorOf, authorizeRequest, requireAccessConfig } from './access.ts';
import {
  type Api,
  defaultRequestTimeouts,
  type HttpConfig,
  type HttpDeps,
  type RoutePlugin,
} from './http-deps.ts';
import { createLimits } from './limits.ts';
import { describeApi } from './pages/openapi.ts';
import { sendProblem, toProblem } from './problems.ts';
import { routesOf } from './routes.ts';
import { assertStorable } from './storable-input.ts';

/** How long open requests may take once the server is closing. */
const closeTimeoutMs = 3_000;

/** Creates the HTTP server, without routes. It does not listen until `listen` is called. */
export function createApi({ config, log }: Pick<HttpDeps, 'config' | 'log'>): Api {
  const timeouts = { ...defaultRequestTimeouts, ...config.timeouts };
  describeFieldErrors();
  return fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Only the proxy that connects to us: what comes before the address that it has added is from the client.
    trustProxy: config.trustProxy && ((_address, hop) => hop === 0),
    bodyLimit: config.bodyLimitBytes,
    routerOptions: { maxParamLength: maxPathPart },
    requestTimeout: timeouts.requestMs,
    http: { headersTimeout: timeouts.headersMs, connectionsCheckingInterval: timeouts.checkMs },
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    // What was accepted is still handled: everything that it needs stops later.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(toProblem(error), request as unknown as FastifyRequest, reply as unknown as FastifyReply);
    },
  }).withTypeProvider<ZodTypeProvider>();
}

/**
 * Adds the routes for visitors, back ends and agents, and those of `deps.routes`.
 *
 * @throws Error when a route does not declare who may call it.
 */
export async function addRoutes(api: Api, deps: HttpDeps): Promise<void> {
  const { config } = deps;
  // Idle connections, and clients that do not read their response, must not delay the shutdown further.
  api.addHook('preClose', async () => {
    setTimeout(() => api.server.closeAllConnections(), closeTimeoutMs).unref();
  });
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  handleErrors(api, deps);
  await addHeaders(api, config);
  requireAccessConfig(api);
  await api.register(rateLimit, { global: false });
  guard(api, deps);
  await describeApi(api, config.publicUrl);
  for (const plugin of [...routesOf(deps), ...deps.routes]) await register(api, plugin);
}

function register(api: Api, plugin: RoutePlugin) {
  const routes: RoutePlugin = async (scope) => plugin(scope.withTypeProvider<ZodTypeProvider>());
  // Fastify searches all loaded modules for the name of a plugin without one.
  return api.register(Object.assign(routes, { [Symbol.for('fastify.display-name')]: 'routes' }));
}

/** Headers for browsers: what our pages may load, and which other pages may call the API. */
async function addHeaders(api: Api, { corsOrigins, publicUrl }: HttpConfig): Promise<void> {
  await api.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: publicUrl?.startsWith('https:') ?? false,
  });
  // Without credentials: pages send tokens explicitly, and browsers never add them.
  await api.register(cors, {
    origin: corsOrigins === '*' ? '*' : [...corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'traceparent',
      'x-app-key',
      // Sent by Laravel Echo and the HTTP clients that it configures.
      'x-requested-with',
      'x-socket-id',
    ],
    exposedHeaders: ['etag', 'retry-after'],
    maxAge: 7200,
  });
}

/** Authentication, rate limits, load shedding and input checks before every route. */
function guard(api: Api, { authenticator, config, lag, isDiskLow, log, onResponse }: HttpDeps): void {
  if (onResponse) {
    // Labelled by route, never by URL, to keep the number of series bounded.
    api.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      onResponse(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    });
  }
  api.addHook('onRequest', endReadsOfLostCallers);
  if (log.isLevelEnabled('debug')) {
    // The route and not the URL, which may contain names and tokens.
    api.addHook('onResponse', async (request, reply) => {
      const { method, url: route } = request.routeOptions;
      const detail = { method, route, status: reply.statusCode, durationMs: reply.elapsedTime };
      log.debug({ ...detail, requestId: request.id, actor: actorOf(request) }, 'a request was answered');
    });
  }
  const limits = createLimits(api, config.rateLimitPerMinute);
  api.addHook('onRequest', async (request, reply) => {
    if (!request.is404) {
      try {
        await authorizeRequest(request, authenticator);
      } catch (error) {
        await limits.countRejected(request, reply);
        throw error;
      }
    }
    await limits.count(request, reply);
    const { addsLoad, storesData } = request.routeOptions.config ?? {};
    if (addsLoad && lag() > config.lagLimit) {
      throw new ProblemError(
        'overloaded',
        'The server is overloaded, so nothing was stored. Try again in a moment.',
      );
    }
    if ((addsLoad || storesData) && isDiskLow()) {
      throw new ProblemError(
        'storage_full',
        'The disk is nearly full, so nothing was stored. Try again later.',
      );
    }
  });
  api.addHook('preValidation', async ({ body, query, params }) => {
    for (const part of [params, query, body]) assertStorable(part);
  });
}

/** Whether the request failed because its caller has hung up. */
function endedWithCaller(error: unknown, request: FastifyRequest, reply: FastifyReply): boolean {
  if (error instanceof CallerGoneError) return true;
  return request.method === 'GET' && reply.raw.destroyed && isDatabaseUnavailable(error);
}

/** Stops what is only read for callers who have hung up. Changes are always completed. */
function endReadsOfLostCallers(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
  if (request.method !== 'GET') {
    next();
    return;
  }
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  workFor(gone.signal, next);
}

/** Rejections recorded in the audit log; expired tokens are routine and left out. */
const auditedProblems = new Set<ProblemError['code']>([
  'unauthenticated',
  'forbidden',
  'invalid_credentials',
  'invalid_signature',
]);

function handleErrors(api: Api, { audit, log }: HttpDeps): void {
  api.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error);
    const { method, url } = request.routeOptions;
    if (
      !endedWithCaller(error, request, reply) &&
      (problem.code === 'internal' || problem.code === 'unavailable' || isDatabaseFull(error))
    ) {
      log.error({ err: error, requestId: request.id, method, url }, 'request failed');
    }
    if (auditedProblems.has(problem.code)) {
      audit({
        appId: request.principal && 'appId' in request.principal ? request.principal.appId : null,
        actor: actorOf(request),
        action: 'request.reject',
        target: `${String(method)} ${url ?? ''}`,
        ...request.auditAs,
        detail: { code: problem.code, address: request.ip, requestId: request.id },
      });
    }
    return sendProblem(problem, request, reply);
  });
  api.setNotFoundHandler((request, reply) =>
    sendProblem(
      new ProblemError('not_found', 'There is no page or endpoint at this address.'),
      request,
      reply,
    ),
  );
}
