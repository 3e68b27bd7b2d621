import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { problemSchema } from '@mevrik/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withAccess } from '../access.ts';
import type { Api } from '../http-deps.ts';

const idempotencyHeader = {
  type: 'object',
  properties: {
    'Idempotency-Key': {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description:
        'A unique key for this request. Repeating the request with the same key has no further effect.',
    },
  },
};

const ifMatchHeader = {
  type: 'object',
  properties: {
    'If-Match': {
      type: 'string',
      description:
        'The ETag of the version you read. If it has changed since, nothing is stored and the response is 412, `precondition_failed`. Without it, the last write wins.',
    },
  },
};

const etagHeader = {
  ETag: { type: 'string', description: 'Identifies this version. Send it as If-Match with a change.' },
};

const anyProblem = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: z.toJSONSchema(problemSchema) } },
};

/** The pages use inline styles. Requests are not upgraded to HTTPS, because a server in a local network may have none. */
const pagePolicy = {
  'default-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
};

type Responses = Readonly<Record<number, object>>;

function withEtag(responses: Responses): Responses {
  return { ...responses, 200: { ...responses[200], headers: etagHeader } };
}

/** Describes all routes that are registered later, at `/v1/openapi.json` and `/docs`. */
export async function describeApi(api: Api, publicUrl: string | null): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mevrik Channels',
        version: '1',
        description:
          'Errors are problem+json (RFC 9457). The `code` is part of this API; `errors` lists the invalid fields.',
      },
      ...(publicUrl === null ? {} : { servers: [{ url: publicUrl }] }),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Access token of a customer or an agent.' },
          app: { type: 'http', scheme: 'basic', description: 'Key and secret of an app, for its back end.' },
        },
      },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const { access, isRepeatable, isGuarded } = input.route.config ?? {};
      if (!access || schema?.hide) return { schema, url };
      const responses = (schema?.response ?? { 200: { description: 'Done' } }) as Responses;
      const described = {
        ...schema,
        tags: schema?.tags ?? ['Pusher HTTP API'],
        ...(isRepeatable ? { headers: idempotencyHeader } : {}),
        ...(isGuarded && input.route.method !== 'GET' ? { headers: ifMatchHeader } : {}),
        response: { ...(isGuarded ? withEtag(responses) : responses), default: anyProblem },
      };
      if (access === 'public') return { schema: described, url };
      const security = access.includes('service') ? [{ app: [] }] : [{ token: [] }];
      return { schema: { ...described, security }, url };
    },
  });
  const pages: FastifyPluginAsync = async (scope) => {
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { deepLinking: true, docExpansion: 'none', layout: 'BaseLayout' },
      theme: { title: 'Mevrik Channels: API reference' },
      staticCSP: pagePolicy,
    });
    scope.get('/v1/openapi.json', { config: { limitFactor: 1 }, schema: { hide: true } }, () =>
      api.swagger(),
    );
  };
  const register = withAccess('public', pages);
  await api.register(async (scope) => register(scope as unknown as Api));
}
