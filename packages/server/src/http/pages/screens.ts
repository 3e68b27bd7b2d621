import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { withAccess } from '../access.ts';
import type { RoutePlugin } from '../http-deps.ts';

/** Where the built screens are: beside the built server, or in their own package. */
const folders = ['./console/', '../../../../console/dist/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const folder = folders.find((path) => existsSync(`${path}index.html`));
const addresses = ['/login', '/desk', '/desk/*', '/admin', '/admin/*'];
const yearSeconds = 31_536_000;

/** Scripts are ours alone; styles too, or carry the number that this very page was given. */
function policyOf(nonce: string): string {
  return [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // `blob:` has pictures that are about to be sent.
    "img-src 'self' data: blob: https:",
    "media-src 'self' https:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The files of the screens: each has a name of its own for ever. */
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
 * The chat for customers' pages, which are of other origins. It is looked for anew after a few minutes, so that a new
 * one reaches them all.
 */
export function widgetRoutes(): RoutePlugin {
  if (folder === undefined) return () => {};
  const plain = readFileSync(`${folder}widget.js`);
  const packed = { br: readFileSync(`${folder}widget.js.br`), gzip: readFileSync(`${folder}widget.js.gz`) };
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 20)}"`;
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
        const taken = String(request.headers['accept-encoding'] ?? '');
        const encoding = /\bbr\b/.test(taken) ? 'br' : /\bgzip\b/.test(taken) ? 'gzip' : undefined;
        if (encoding) reply.header('content-encoding', encoding);
        return reply.type('text/javascript; charset=utf-8').send(encoding ? packed[encoding] : plain);
      },
    );
  };
}

/** The agent desk and the administrator's panel: one page. Without a build there is none. */
export function screenRoutes(): RoutePlugin {
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
