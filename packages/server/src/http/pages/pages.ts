import { readFileSync } from 'node:fs';
import { hasAdministrator, isSetupToken } from '../../auth/setup-token.ts';
import { enabledApps } from '../../queries/desk.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const config = { access: 'public' as const };
const hidden = { config, schema: { hide: true } };

const pages = ['landing.html', 'setup.html', 'setup-expired.html'] as const;
const files = ['pages.css', 'landing.css', 'setup.js', 'landing.js', 'icon.svg'] as const;

/** The landing page, and the page that creates the first administrator. */
export function pageRoutes({ database, apps }: HttpDeps): RoutePlugin {
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
      const key = /^[\w.-]+$/.test(app?.key ?? '') ? app?.key : undefined;
      const parts = {
        WIDGET: key === undefined ? '' : `<script async src="/widget.js" data-app-key="${key}"></script>`,
        INTRO: (await hasAdministrator(database.sql)) ? '' : setupHint,
        SNIPPET: key === undefined ? '' : widgetSnippet(key),
      };
      return reply
        .header('cache-control', 'no-store')
        .type(types.html)
        .serializer(String)
        .send(
          assets['landing.html']?.replace(
            /<!-- (WIDGET|INTRO|SNIPPET) -->/g,
            (_, part: keyof typeof parts) => parts[part],
          ),
        );
    });
    api.get('/setup', hidden, async (request, reply) => {
      const { token } = request.query as { token?: unknown };
      const isOpen =
        typeof token === 'string' &&
        !(await hasAdministrator(database.sql)) &&
        (await isSetupToken(database.sql, token));
      const page = isOpen ? 'setup.html' : 'setup-expired.html';
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

/** Shown until there is an administrator. */
const setupHint = `
    <p class="begin" role="note">
      <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">
        <path d="M5 8l4 4-4 4M12 17h7"></path></svg>
      <span><strong>Start in the terminal.</strong> The server prints a one-time setup link. Open it to create the first
        administrator, then log in to the desk and the admin panel. The chat already works.</span>
    </p>`;

/** The line that adds the chat to another page; the script of this page fills in the server's address. */
function widgetSnippet(key: string): string {
  return `
    <section class="own" aria-labelledby="own">
      <h2 id="own">Add the chat to your own page</h2>
      <p>Paste this line before the end of the page. That’s all.</p>
      <div class="line">
        <code id="line" tabindex="0">&lt;script async src="SERVER/widget.js" data-app-key="${key}"&gt;&lt;/script&gt;</code>
        <button type="button" id="copy">Copy</button>
      </div>
    </section>`;
}
