import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProduct } from './product.ts';

/** Options of a shop's page. */
export interface ShopOptions {
  /** Attributes of the chat's script element. */
  readonly attributes?: string;
  /** Added to the page's head. */
  readonly head?: string;
  /** The page's content security policy; `SERVER` is replaced by the URL of our server. */
  readonly policy?: string;
  /** The URL of our server. */
  readonly url?: string;
  readonly lang?: string;
}

/** A shop's page, on another origin than our server. */
export interface Shop {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a shop with the chat of a product on its page. */
export async function startShop(product: TestProduct, options: ShopOptions = {}): Promise<Shop> {
  const { attributes = '', head = '', policy, url = product.url, lang = 'en' } = options;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (policy) response.setHeader('content-security-policy', policy.replaceAll('SERVER', url));
    response.end(`<!doctype html><html lang="${lang}"><head><meta name="viewport" content="width=device-width">
      <title>Shop</title>${head}</head><body><main><h1>Shop</h1><div id="here"></div></main>
      <script async src="${url}/widget.js" data-app-key="${product.app.key}" ${attributes}></script></body></html>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
