import { readFileSync } from 'node:fs';
import { hasAdministrator, isSetupToken } from '../auth/setup-token.ts';
import { enabledApps } from '../queries/desk.ts';
import type { HttpDependencies, RoutePlugin } from './http-dependencies.ts';

const config = { access: 'public' as const };
const hidden = { config, schema: { hide: true } };

const pages = ['landing.html', 'setup.html', 'setup-over.html'] as const;
const files = ['pages.css', 'landing.css', 'setup.js', 'landing.js', 'icon.svg'] as const;

/** The few pages that the server has of its own: where to go, and making the first administrator. */
export function pageRoutes({ database, apps }: HttpDependencies): RoutePlugin {
  const assets = Object.fromEntries(
    [...pages, ...files].map((name) => [
      name,
      readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8'),
    ]),
  );
  const types = {
    html: 'text/html; charset=utf-8',
    css: 'text/css; charset=utf-8',
    js: 'text/javascript; charset=utf-8',
    svg: 'image/svg+xml',
  };
  const typeOf = (name: string) => types[name.split('.').at(-1) as keyof typeof types];

  return (api) => {
    api.get('/', hidden, async (_request, reply) => {
      const [id] = await enabledApps(database, null);
      const app = id === undefined ? undefined : await apps.byId(id);
      const widget = /^[\w.-]+$/.test(app?.key ?? '')
        ? `<script async src="/widget.js" data-app-key="${app?.key}"></script>`
        : '';
      return reply
        .header('cache-control', 'no-store')
        .type(types.html)
        .serializer(String)
        .send(assets['landing.html']?.replace('<!-- WIDGET -->', widget));
    });
    api.get('/setup', hidden, async (request, reply) => {
      const { token } = request.query as { token?: unknown };
      const isOpen =
        typeof token === 'string' &&
        !(await hasAdministrator(database.sql)) &&
        (await isSetupToken(database.sql, token));
      const page = isOpen ? 'setup.html' : 'setup-over.html';
      return reply
        .code(isOpen ? 200 : 410)
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .type(types.html)
        .serializer(String)
        .send(assets[page]);
    });
    for (const name of files) {
      api.get(`/assets/${name}`, hidden, async (_request, reply) =>
        reply
          .type(typeOf(name))
          .header('cache-control', 'public, max-age=300')
          .serializer(String)
          .send(assets[name]),
      );
    }
  };
}
