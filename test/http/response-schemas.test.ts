import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

/** Routes whose response is a page, a file of one, or the description of the API itself. */
const pagesAndAssets = [
  /^\/$/,
  /^\/setup$/,
  /^\/(login|desk|admin)(\/\*)?$/,
  /^\/assets\/[\w.-]+$/,
  /^\/console\/assets\/\*$/,
  /^\/widget\.js$/,
  /^\/docs(\/.*)?$/,
  /^\/v1\/openapi\.json$/,
];

const routes: RouteOptions[] = [];
/** Fastify announces every server that it makes. */
const watch = (message: unknown) => {
  const { fastify } = message as { fastify: FastifyInstance };
  fastify.addHook('onRoute', (route) => void routes.push(route));
};
let product: TestProduct;
beforeAll(async () => {
  subscribe('fastify.initialization', watch);
  product = await startTestProduct();
  unsubscribe('fastify.initialization', watch);
});
afterAll(() => product.stop());

it('declares what every route responds with', () => {
  const described = routes.filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS');
  expect(described.map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/v1/messages', '/broadcasting/auth', '/apps/:appId/events', '/docs/']),
  );
  const silent = described
    .filter(({ url }) => !pagesAndAssets.some((pattern) => pattern.test(url)))
    .filter(({ schema }) => !hasResponse(schema?.response))
    .map(({ method, url }) => `${String(method)} ${url}`);
  expect(silent).toEqual([]);
});

function hasResponse(response: unknown): boolean {
  return Object.keys(response ?? {}).some((status) => /^[23]/.test(status));
}
