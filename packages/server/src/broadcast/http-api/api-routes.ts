import { ProblemError } from '@mevrik/protocol';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
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
  async function signer(request: FastifyRequest): Promise<number> {
    const { appId = '' } = request.params as { appId?: string };
    const app = /^[1-9]\d{0,9}$/.test(appId) ? await apps.byId(Number(appId)) : undefined;
    if (!app) throw new ProblemError('invalid_signature', 'auth_key does not match the app.');
    const { path, query } = addressOf(request);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    requireSignature(app, { method: request.method, path, query, body });
    if (!app.enabled) throw new ProblemError('forbidden', 'This app is disabled.');
    return app.id;
  }

  return async (server) => {
    // The signature covers the raw bytes.
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    server.post('/apps/:appId/events', async (request) =>
      api.trigger(await signer(request), readJson(request)),
    );
    server.post('/apps/:appId/batch_events', async (request) =>
      api.triggerBatch(await signer(request), readJson(request)),
    );
    server.get('/apps/:appId/channels', async (request) => {
      const { query } = addressOf(request);
      const prefix = query.get('filter_by_prefix') ?? '';
      return api.channels(await signer(request), { prefix, info: readInfo(query.get('info') ?? '') });
    });
    server.get('/apps/:appId/channels/:name', async (request) => {
      const info = readInfo(addressOf(request).query.get('info') ?? '');
      return api.channel(await signer(request), parameter(request, 'name'), info);
    });
    server.get('/apps/:appId/channels/:name/users', async (request) =>
      api.users(await signer(request), parameter(request, 'name')),
    );
    server.post('/apps/:appId/users/:userId/terminate_connections', async (request) => {
      await api.terminateUser(await signer(request), parameter(request, 'userId'));
      return {};
    });
  };
}

function addressOf(request: FastifyRequest): { path: string; query: URLSearchParams } {
  const [path = '', query = ''] = request.url.split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

function parameter(request: FastifyRequest, name: string): string {
  const parameters = request.params as Record<string, string | undefined>;
  return parameters[name] ?? '';
}

function readJson(request: FastifyRequest): unknown {
  try {
    return JSON.parse(String(request.body));
  } catch (error) {
    throw new ProblemError('bad_request', 'The body is not valid JSON.', { cause: error });
  }
}
