import {
  ProblemError,
  pusherSubscriptionAuthBody,
  pusherSubscriptionAuthSchema,
  pusherUserAuthBody,
  pusherUserAuthSchema,
} from '@mevrik/protocol';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { mayActFor, type Principal } from '../auth/principal.ts';
import { fieldErrorsOf } from '../domain/field-errors.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayApp, GatewayDeps } from './gateway-deps.ts';
import { apiRoutes } from './http-api/api-routes.ts';
import { serializeUnchanged } from './http-api/serialize-unchanged.ts';

/** What the routes depend on. */
export interface GatewayRoutesOptions extends Pick<GatewayDeps, 'apps' | 'authenticate'> {
  readonly gateway: Pick<Gateway, 'authorizeSubscription' | 'authorizeUser' | 'watch' | 'api'>;
}

/** These routes authenticate themselves, so they are declared public. */
const config = { access: 'public' as const };
const authRoute = { config, schema: { hide: true, response: { 200: pusherSubscriptionAuthSchema } } };
const userAuthRoute = { config, schema: { hide: true, response: { 200: pusherUserAuthSchema } } };

/**
 * `POST /broadcasting/auth` and `/broadcasting/user-auth`, which pusher-js and Laravel Echo use to authorize
 * subscriptions and sign-ins. Both accept JSON and forms, and an access token as `Authorization: Bearer`. The HTTP API
 * for back ends is included. Errors are thrown as ProblemErrors: the server that registers these routes answers them.
 */
export function gatewayRoutes(options: GatewayRoutesOptions): FastifyPluginAsync {
  function watch(request: FastifyRequest, principal: Principal, app: GatewayApp, socketId: string): void {
    const { authorization = '' } = request.headers;
    options.gateway.watch({ principal, authorization, appId: app.id, socketId });
  }

  return async (server) => {
    server.setValidatorCompiler(validatorCompiler);
    server.setSerializerCompiler(serializeUnchanged);
    await server.register(apiRoutes({ apps: options.apps, api: options.gateway.api }));
    server.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 16_384 },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    server.post('/broadcasting/auth', authRoute, async (request) => {
      const { principal, app } = await identify(options, request);
      const { socket_id, channel_name } = readBody(pusherSubscriptionAuthBody, request.body);
      const answer = await options.gateway.authorizeSubscription(principal, socket_id, channel_name, app);
      watch(request, principal, app, socket_id);
      return answer;
    });
    server.post('/broadcasting/user-auth', userAuthRoute, async (request) => {
      const { principal, app } = await identify(options, request);
      const { socket_id } = readBody(pusherUserAuthBody, request.body);
      const answer = options.gateway.authorizeUser(principal, socket_id, app);
      watch(request, principal, app, socket_id);
      return answer;
    });
  };
}

async function identify(
  { apps, authenticate }: GatewayRoutesOptions,
  request: FastifyRequest,
): Promise<{ principal: Principal; app: GatewayApp }> {
  const principal = await authenticate(request.headers.authorization);
  const app = await appOf(apps, principal, appKeyIn(request));
  if (!app?.enabled) throw new ProblemError('unknown_app', 'The app does not exist or is disabled.');
  if (!mayActFor(principal, app.id))
    throw new ProblemError('forbidden', 'You do not have access to this app.');
  return { principal, app };
}

/** Customers and back ends belong to one app; staff with several apps must name one. */
async function appOf(
  apps: GatewayDeps['apps'],
  principal: Principal,
  key: string | undefined,
): Promise<GatewayApp | undefined> {
  if (!('appIds' in principal)) return apps.byId(principal.appId);
  if (key !== undefined) return apps.byKey(key);
  const [only, another] = principal.appIds;
  if (only !== undefined && another === undefined) return apps.byId(only);
  throw new ProblemError('invalid_input', 'Specify the app.', {
    fields: [{ path: 'app_key', message: 'is required, or the header X-App-Key' }],
  });
}

function appKeyIn(request: FastifyRequest): string | undefined {
  const header = request.headers['x-app-key'];
  if (typeof header === 'string' && header !== '') return header;
  const { query } = request;
  if (typeof query !== 'object' || query === null || !('app_key' in query)) return undefined;
  return typeof query.app_key === 'string' ? query.app_key : undefined;
}

function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_input', 'The request has missing or invalid fields.', {
    cause: parsed.error,
    fields: fieldErrorsOf(parsed.error),
  });
}
