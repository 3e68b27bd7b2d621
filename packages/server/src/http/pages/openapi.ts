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
      description: 'A number of your own for this request: sent again with it, nothing happens twice.',
    },
  },
};

const ifMatchHeader = {
  type: 'object',
  properties: {
    'If-Match': {
      type: 'string',
      description:
        'The ETag of what you read. Where somebody has changed it since, nothing is stored and the answer is 412, `precondition_failed`. Without it, the last one who writes wins.',
    },
  },
};

const etagHeader = {
  ETag: { type: 'string', description: 'Names this state. Send it as If-Match with your change of it.' },
};

const anyProblem = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: z.toJSONSchema(problemSchema) } },
};

/** The pages bring inline styles. Nothing is upgraded to HTTPS: a server in a local network has none. */
const pagePolicy = {
  'default-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
};

type Answers = Readonly<Record<number, object>>;

function withTag(answers: Answers): Answers {
  return { ...answers, 200: { ...answers[200], headers: etagHeader } };
}

/** Describes all routes that come after it, at `/v1/openapi.json`, and shows them at `/docs`. */
export async function describeApi(api: Api, publicUrl: string | null): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mevrik Channels',
        version: '1',
        description:
          'Errors are problem+json (RFC 9457). Their `code` is part of this API; `errors` names the fields.',
      },
      ...(publicUrl === null ? {} : { servers: [{ url: publicUrl }] }),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A customer’s or an agent’s access token.' },
          app: { type: 'http', scheme: 'basic', description: 'An app’s key and secret, for its back end.' },
        },
      },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const { access, isRepeatable, isGuarded } = input.route.config ?? {};
      if (!access || schema?.hide) return { schema, url };
      const answers = (schema?.response ?? { 200: { description: 'Done' } }) as Answers;
      const described = {
        ...schema,
        tags: schema?.tags ?? ['Pusher HTTP API'],
        ...(isRepeatable ? { headers: idempotencyHeader } : {}),
        ...(isGuarded && input.route.method !== 'GET' ? { headers: ifMatchHeader } : {}),
        response: { ...(isGuarded ? withTag(answers) : answers), default: anyProblem },
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
