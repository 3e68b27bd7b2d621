// Our gateway alone in a process.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProblemError } from '@mevrik/protocol';
import fastify from 'fastify';
import { createLocalBus } from '../../../packages/server/src/broadcast/bus/bus.ts';
import { noHistory } from '../../../packages/server/src/broadcast/bus/history.ts';
import { createGateway } from '../../../packages/server/src/broadcast/gateway.ts';
import {
  type GatewayApp,
  type GatewayDeps,
  realtimeDefaults,
} from '../../../packages/server/src/broadcast/gateway-deps.ts';
import { gatewayRoutes } from '../../../packages/server/src/broadcast/routes.ts';
import { benchApp } from '../bench-app.ts';
import { contents, pusherFrame, sampleChannel, serve } from './publisher.ts';

const app: GatewayApp = { ...benchApp, enabled: true, settings: { realtime: realtimeDefaults } };
const dependencies: GatewayDeps = {
  apps: {
    byKey: async (key) => (key === app.key ? app : undefined),
    byId: async (id) => (id === app.id ? app : undefined),
  },
  authenticate: async () => {
    throw new ProblemError('unauthenticated', 'The benchmark uses no tokens.');
  },
  facts: { sessionOwner: async () => undefined, caseOwner: async () => undefined },
  audit: () => {},
  bus: createLocalBus(),
  history: noHistory,
  log: { info: () => {}, warn: console.error, error: console.error },
};
const gateway = createGateway(dependencies);
const server = fastify({ serverFactory: (handler) => createServer(handler) });
await server.register(gatewayRoutes({ ...dependencies, gateway }));
await server.ready();
gateway.attach(server.server);
server.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server.server, 'listening');

const contentOf = contents((content) => pusherFrame(sampleChannel, content));
serve({
  port: (server.server.address() as AddressInfo).port,
  publish(channel, atUs) {
    const payload = { ...contentOf(atUs) };
    void gateway.publish([{ appId: app.id, topic: channel, event: 'message_post', payload }]);
  },
});
