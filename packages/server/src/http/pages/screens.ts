import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { withAccess } from '../access.ts';
import type { RoutePlugin } from '../http-deps.ts';

/** Where the built console is: next to the built server, or in its own package. */
const folders = ['./console/', '../../../../console/dist/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const folder = folders.find((path) => existsSync(`${path}index.html`));
const addresses = ['/login', '/desk', '/desk/*', '/admin', '/admin/*'];
const yearSeconds = 31_536_000;

/** Scripts must be our own. Styles must be our own or carry the nonce of this page. */
function policyOf(nonce: string): string {
  return [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // `blob:` is for previews of images that are being uploaded.
    "img-src 'self' data: blob: https:",
    "media-src 'self' https:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Assets of the console, which are immutable because their names contain a hash. */
export function screenFiles(): RoutePlugin {
  if (folder === undefined) return () => {};
  return withAccess('public', async (scope: FastifyInstance) => {
    await scope.register(fastifyStatic, {
      root: `${folder}assets`,
      prefix: '/console/assets/',
      preCompressed: true,
      immutable: true,
      maxAge: yearSeconds * 1000,
      index: false,
    });
  });
}

/**
 * The chat widget for pages of other origins. It is cached for a few minutes only, so that a new version reaches them
 * soon.
 */
export function widgetRoutes(): RoutePlugin {
  if (folder === undefined) return () => {};
  const script = readFileSync(`${folder}widget.js`);
  const compressed = {
    br: readFileSync(`${folder}widget.js.br`),
    gzip: readFileSync(`${folder}widget.js.gz`),
  };
  const etag = `"${createHash('sha256').update(script).digest('base64url').slice(0, 20)}"`;
  return (api) => {
    api.get(
      '/widget.js',
      { config: { access: 'public' }, schema: { hide: true } },
      async (request, reply) => {
        reply
          .header('cache-control', 'public, max-age=300, stale-while-revalidate=86400')
          .header('vary', 'accept-encoding')
          .header('etag', etag);
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        const accepted = String(request.headers['accept-encoding'] ?? '');
        const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
        if (encoding) reply.header('content-encoding', encoding);
        return reply.type('text/javascript; charset=utf-8').send(encoding ? compressed[encoding] : script);
      },
    );
  };
}

/** The page of the desk and the panel. Without a build of the console there is none. */
export function consoleRoutes(): RoutePlugin {
  if (folder === undefined) return () => {};
  const page = readFileSync(`${folder}index.html`, 'utf8');
  return (api) => {
    for (const address of addresses) {
      api.get(address, { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
        const nonce = randomBytes(16).toString('base64');
        return reply
          .header('content-security-policy', policyOf(nonce))
          .header('cache-control', 'no-store')
          .header('permissions-policy', 'camera=(), microphone=(), geolocation=()')
          .type('text/html; charset=utf-8')
          .serializer(String)
          .send(page.replaceAll('CSP_NONCE', nonce));
      });
    }
  };
}
