import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { ProblemError, problems } from '@mevrik/protocol';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { jsonSchemaTransform, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type AccessOptions, requireAccess } from './access.ts';
import { type LimitOptions, limitRequests } from './limits.ts';
import { answerProblem, sendProblem } from './problem.ts';
import { readJson } from './read-json.ts';

/** The server as routes see it: their schemas are their types. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds the routes of one resource. */
export type RoutePlugin = (server: Server) => void | Promise<void>;

/** What the server is made of. */
export interface HttpOptions extends AccessOptions, LimitOptions {
  readonly bodyLimitBytes: number;
  readonly trustProxy: boolean;
  /** Pages that may call the API; `*` for all, which is safe as nothing here goes by cookies. */
  readonly corsOrigins: readonly string[];
  readonly log: FastifyBaseLogger;
  readonly version: string;
  readonly routes: readonly RoutePlugin[];
}

/** Makes the HTTP server; it listens when `listen` is called. */
export async function createHttpServer(options: HttpOptions): Promise<Server> {
  const server = fastify({
    loggerInstance: options.log,
    disableRequestLogging: true,
    bodyLimit: options.bodyLimitBytes,
    trustProxy: options.trustProxy,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
  }).withTypeProvider<ZodTypeProvider>() as Server;
  server.setValidatorCompiler(validatorCompiler);
  // Response schemas document; what we send comes from our own types.
  server.setSerializerCompiler(() => JSON.stringify);
  server.setErrorHandler(answerProblem);
  server.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new ProblemError('not_found', 'There is nothing at this address.')),
  );
  readJson(server);
  await server.register(helmet, { contentSecurityPolicy: pagePolicy, crossOriginResourcePolicy: false });
  await server.register(cors, {
    origin: options.corsOrigins.includes('*') ? '*' : [...options.corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    maxAge: 600,
    hook: 'onRequest',
  });
  await describeApi(server, options.version);
  await limitRequests(server, options);
  requireAccess(server, options);
  server.get(
    '/problems/:code',
    { config: { access: 'public' }, schema: { hide: true } },
    (request, reply) => {
      const { code } = request.params as { code: string };
      if (!Object.hasOwn(problems, code)) throw new ProblemError('not_found', 'There is no such problem.');
      return reply.send({ code, ...problems[code as keyof typeof problems] });
    },
  );
  for (const routes of options.routes) await server.register(async (scope) => routes(scope as Server));
  return server;
}

/** What our own pages may load: themselves. The API reference brings inline styles with it. */
const pagePolicy = {
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    scriptSrc: ["'self'"],
    upgradeInsecureRequests: null,
  },
};

/** The OpenAPI document at `/v1/openapi.json`, and its pages at `/docs`. */
async function describeApi(server: Server, version: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mevrik Channels',
        version,
        description: 'Conversations: visitors, agents, administration. Errors are RFC 9457 problems.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          app: { type: 'http', scheme: 'basic', description: 'The key and the secret of an app.' },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
  // Routes that others register have no access of their own yet.
  const publicly = { config: { access: 'public' as const } };
  server.addHook('onRoute', (route) => {
    if (route.url === '/docs' || route.url.startsWith('/docs/'))
      route.config = { ...route.config, ...publicly.config };
    const { access } = route.config ?? {};
    if (route.schema && Array.isArray(access)) {
      route.schema.security = access.includes('service') ? [{ app: [] }, { token: [] }] : [{ token: [] }];
    }
  });
  await server.register(swaggerUi, { routePrefix: '/docs', staticCSP: false });
  server.get('/v1/openapi.json', { ...publicly, schema: { hide: true } }, () => server.swagger());
}
