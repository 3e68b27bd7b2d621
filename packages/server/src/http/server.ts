import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { ProblemError } from '@mevrik/protocol';
import fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { maxPathPart } from '../broadcast/http-api/api-routes.ts';
import { actorOf, admit, demandAccess } from './access.ts';
import { type Api, arrivalDefaults, type HttpConfig, type HttpDeps, type RoutePlugin } from './http-deps.ts';
import { createLimits } from './limits.ts';
import { describeApi } from './pages/openapi.ts';
import { assertPlain } from './plain-input.ts';
import { answerProblem, asProblem } from './problems.ts';
import { routesOf } from './routes.ts';

/** How long requests that are under way may take when the server goes away. */
const requestsEndWithinMs = 3_000;

/**
 * Makes the HTTP server with the routes for visitors, back ends and agents, and those of `dependencies.routes`.
 * Nothing listens until `listen` is called.
 *
 * @throws when a route does not say who may call it.
 */
export async function createHttpServer(dependencies: HttpDeps): Promise<Api> {
  const { config, log } = dependencies;
  const arrival = { ...arrivalDefaults, ...config.arrival };
  const api: Api = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy,
    bodyLimit: config.bodyLimitBytes,
    routerOptions: { maxParamLength: maxPathPart },
    requestTimeout: arrival.requestMs,
    http: { headersTimeout: arrival.headersMs, connectionsCheckingInterval: arrival.checkMs },
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      answerProblem(asProblem(error), request as unknown as FastifyRequest, reply as never);
    },
  }).withTypeProvider<ZodTypeProvider>();
  // A connection that never asked anything, or reads no answer, does not hold up the end for longer.
  api.addHook('preClose', async () => {
    setTimeout(() => api.server.closeAllConnections(), requestsEndWithinMs).unref();
  });
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  answerFaults(api, dependencies);
  await addHeaders(api, config);
  demandAccess(api);
  await api.register(rateLimit, { global: false });
  guard(api, dependencies);
  await describeApi(api, config.publicUrl);
  for (const plugin of [...routesOf(dependencies), ...dependencies.routes]) await register(api, plugin);
  return api;
}

function register(api: Api, plugin: RoutePlugin) {
  return api.register(async (scope) => plugin(scope.withTypeProvider<ZodTypeProvider>()));
}

/** Headers for browsers: what pages of ours may load, and which other pages may call the API. */
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
  // Without credentials: tokens are sent by the page, never by the browser on its own.
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
      // Of Laravel Echo and of the HTTP clients that it teaches to name their socket.
      'x-requested-with',
      'x-socket-id',
    ],
    exposedHeaders: ['etag', 'retry-after'],
    maxAge: 7200,
  });
}

/** What every request goes through before its route sees it. */
function guard(api: Api, { authenticator, config, lag, onAnswered }: HttpDeps): void {
  if (onAnswered) {
    // By route, never by address: of those there are too many.
    api.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      onAnswered(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    });
  }
  const limits = createLimits(api, config.rateLimitPerMinute);
  api.addHook('onRequest', async (request, reply) => {
    if (!request.is404) {
      try {
        await admit(request, authenticator);
      } catch (error) {
        await limits.countRefused(request, reply);
        throw error;
      }
    }
    await limits.count(request, reply);
    if (request.routeOptions.config?.addsLoad && lag() > config.lagLimit) {
      throw new ProblemError('overloaded', 'Nothing was stored. Try again in a moment.');
    }
  });
  api.addHook('preValidation', async ({ body, query, params }) => {
    for (const part of [params, query, body]) assertPlain(part);
  });
}

/** Refusals that somebody should be able to read later; an expired token is everyday life. */
const audited = new Set<ProblemError['code']>([
  'unauthenticated',
  'forbidden',
  'invalid_credentials',
  'invalid_signature',
]);

function answerFaults(api: Api, { audit, log }: HttpDeps): void {
  api.setErrorHandler((error, request, reply) => {
    const problem = asProblem(error);
    const { method, url } = request.routeOptions;
    if (problem.code === 'internal' || problem.code === 'unavailable') {
      log.error({ err: error, requestId: request.id, method, url }, 'Request failed');
    }
    if (audited.has(problem.code)) {
      audit({
        appId: request.principal && 'appId' in request.principal ? request.principal.appId : null,
        actor: actorOf(request),
        action: 'request.refused',
        target: `${String(method)} ${url ?? ''}`,
        detail: { code: problem.code, address: request.ip, requestId: request.id },
      });
    }
    return answerProblem(problem, request, reply);
  });
  api.setNotFoundHandler((request, reply) =>
    answerProblem(
      new ProblemError('not_found', 'There is no page or endpoint at this address.'),
      request,
      reply,
    ),
  );
}
