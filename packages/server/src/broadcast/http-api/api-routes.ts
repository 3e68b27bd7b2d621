import {
  ProblemError,
  pusherAppParams,
  pusherBatchResultSchema,
  pusherChannelAttributesSchema,
  pusherChannelParams,
  pusherChannelsSchema,
  pusherDoneSchema,
  pusherEventResultSchema,
  pusherUserParams,
  pusherUsersSchema,
} from '@mevrik/protocol';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { GatewayApps } from '../gateway-deps.ts';
import { requireSignature } from './api-signature.ts';
import { readInfo, type TopicApi } from './topic-api.ts';

/** What the API's routes depend on. */
export interface ApiRoutesOptions {
  readonly apps: GatewayApps;
  readonly api: TopicApi;
}

/** Ten events of the largest size, escaped twice, with a hundred names. */
const maxBodyBytes = 512 * 1024;

/** The longest part of a path: a user's id of 128 characters, each of them escaped byte by byte. */
export const maxPathPart = 128 * 12;

/**
 * Pusher's HTTP API under `/apps/{id}`, for back ends: each request is signed with the app's secret.
 * Errors are thrown as ProblemErrors; the server that registers these routes answers them.
 */
export function apiRoutes({ apps, api }: ApiRoutesOptions): FastifyPluginAsync {
  /** The signing app. Unknown apps are `invalid_signature` too, to disclose nothing without the secret. */
  async function signer(appId: string, request: FastifyRequest): Promise<number> {
    const app = /^[1-9]\d{0,9}$/.test(appId) ? await apps.byId(Number(appId)) : undefined;
    if (!app) throw new ProblemError('invalid_signature', 'auth_key does not match the app.');
    const { path, query } = addressOf(request);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    requireSignature(app, { method: request.method, path, query, body });
    if (!app.enabled) throw new ProblemError('forbidden', 'This app is disabled.');
    return app.id;
  }

  return async (scope) => {
    const server = scope.withTypeProvider<ZodTypeProvider>();
    // The signature covers the raw bytes: bodies and queries are read once it has been checked.
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    server.post('/apps/:appId/events', routes.event, async (request) =>
      api.trigger(await signer(request.params.appId, request), readJson(request)),
    );
    server.post('/apps/:appId/batch_events', routes.batch, async (request) =>
      api.triggerBatch(await signer(request.params.appId, request), readJson(request)),
    );
    server.get('/apps/:appId/channels', routes.channels, async (request) => {
      const { query } = addressOf(request);
      const prefix = query.get('filter_by_prefix') ?? '';
      const appId = await signer(request.params.appId, request);
      return api.channels(appId, { prefix, info: readInfo(query.get('info') ?? '') });
    });
    server.get('/apps/:appId/channels/:name', routes.channel, async (request) => {
      const info = readInfo(addressOf(request).query.get('info') ?? '');
      return api.channel(await signer(request.params.appId, request), request.params.name, info);
    });
    server.get('/apps/:appId/channels/:name/users', routes.users, async (request) =>
      api.users(await signer(request.params.appId, request), request.params.name),
    );
    server.post('/apps/:appId/users/:userId/terminate_connections', routes.terminate, async (request) => {
      await api.terminateUser(await signer(request.params.appId, request), request.params.userId);
      return {};
    });
  };
}

const routes = {
  event: {
    schema: {
      summary: 'Send an event to channels',
      params: pusherAppParams,
      response: { 200: pusherEventResultSchema },
    },
  },
  batch: {
    schema: {
      summary: 'Send several events',
      params: pusherAppParams,
      response: { 200: pusherBatchResultSchema },
    },
  },
  channels: {
    schema: {
      summary: 'List the occupied channels',
      params: pusherAppParams,
      response: { 200: pusherChannelsSchema },
    },
  },
  channel: {
    schema: {
      summary: 'Get the attributes of a channel',
      params: pusherChannelParams,
      response: { 200: pusherChannelAttributesSchema },
    },
  },
  users: {
    schema: {
      summary: 'List the members of a presence channel',
      params: pusherChannelParams,
      response: { 200: pusherUsersSchema },
    },
  },
  terminate: {
    schema: {
      summary: 'Close the connections of a user',
      params: pusherUserParams,
      response: { 200: pusherDoneSchema },
    },
  },
};

function addressOf(request: FastifyRequest): { path: string; query: URLSearchParams } {
  const [path = '', query = ''] = request.url.split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

function readJson(request: FastifyRequest): unknown {
  try {
    return JSON.parse(String(request.body));
  } catch (error) {
    throw new ProblemError('bad_request', 'The body is not valid JSON.', { cause: error });
  }
}
