import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { withAccess } from './access.ts';
import type { Api } from './http-dependencies.ts';

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
      const { access } = input.route.config ?? {};
      if (!access || access === 'public') return { schema, url };
      const security = access.includes('service') ? [{ app: [] }] : [{ token: [] }];
      return { schema: { ...schema, security }, url };
    },
  });
  const pages: FastifyPluginAsync = async (scope) => {
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { deepLinking: true, docExpansion: 'none' },
      staticCSP: true,
    });
    scope.get('/v1/openapi.json', { schema: { hide: true } }, () => api.swagger());
  };
  const register = withAccess('public', pages);
  await api.register(async (scope) => register(scope as unknown as Api));
}
