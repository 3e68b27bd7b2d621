import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProblemError } from '@mevrik/protocol';
import fastify from 'fastify';
import pusherModule, { type Options } from 'pusher-js';
import { type ClientOptions, WebSocket } from 'ws';
import type { Principal } from '../../packages/server/src/auth/principal.ts';
import { type Bus, createLocalBus } from '../../packages/server/src/broadcast/bus/bus.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createGateway, type Gateway } from '../../packages/server/src/broadcast/gateway.ts';
import {
  type GatewayApp,
  type GatewayDeps,
  realtimeDefaults,
} from '../../packages/server/src/broadcast/gateway-deps.ts';
import { maxPathPart } from '../../packages/server/src/broadcast/http-api/api-routes.ts';
import { gatewayRoutes } from '../../packages/server/src/broadcast/routes.ts';
import { sendProblem, toProblem } from '../../packages/server/src/http/problems.ts';

/** The class: the package's types describe a module with it as `default`, but Node returns it directly. */
export const Pusher = pusherModule as unknown as typeof pusherModule.default;
export type Pusher = InstanceType<typeof Pusher>;

/** Two enabled apps, and a disabled one. */
const settings = { realtime: realtimeDefaults };
export const acme: GatewayApp = { id: 1, key: 'acme', secret: 'acme-secret', enabled: true, settings };
const apps: readonly GatewayApp[] = [
  acme,
  { id: 2, key: 'rival', secret: 'rival-secret', enabled: true, settings },
  { id: 3, key: 'gone', secret: 'gone-secret', enabled: false, settings },
];

/**
 * The principal of each token. Ann and Bob write to app 1; session 1 and case 1 are Ann's, 2 are Bob's, 9 are
 * app 2's.
 */
export const people = {
  ann: customer(1, 11),
  bob: customer(1, 12),
  rita: customer(2, 21),
  agent: { role: 'agent', agentId: 5, name: 'Alex', appIds: [1] },
  otherAgent: { role: 'agent', agentId: 6, name: 'Olga', appIds: [2] },
  supervisor: { role: 'supervisor', agentId: 7, name: 'Sue', appIds: [1, 2] },
  admin: { role: 'admin', agentId: 8, name: 'Ada', appIds: [] },
  backEnd: { role: 'service', appId: 1 },
} as const satisfies Record<string, Principal>;
export type Person = keyof typeof people;

const owners = new Map([
  [1, { appId: 1, customerId: 11 }],
  [2, { appId: 1, customerId: 12 }],
  [9, { appId: 2, customerId: 21 }],
]);

function customer(appId: number, customerId: number) {
  return {
    role: 'customer',
    appId,
    customerId,
    contactIdentityId: customerId,
    conversationKey: `${appId}/web:${customerId}`,
  } as const;
}

/** The owners of the sessions and cases. */
export const facts: GatewayDeps['facts'] = {
  sessionOwner: async (id) => owners.get(id),
  caseOwner: async (id) => owners.get(id),
};

/** A log that discards everything. */
export const quiet: GatewayDeps['log'] = { info: () => {}, warn: () => {}, error: () => {} };

/** A gateway with its HTTP routes on a free port. */
export interface TestGateway {
  readonly port: number;
  readonly url: string;
  readonly gateway: Gateway;
  readonly bus: Bus;
  readonly audited: Parameters<GatewayDeps['audit']>[0][];
  readonly loggedErrors: unknown[];
  /** A pusher-js that logs in as this person. */
  pusher(options?: Partial<Options> & { as?: Person; key?: string }): Pusher;
  /** A bare WebSocket. `address` is the path and query. */
  raw(address?: string): RawClient;
  post(path: string, body: unknown, as?: Person, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

/** Starts a gateway; its defaults are local and small. */
export async function startGateway(options: Partial<GatewayDeps> = {}): Promise<TestGateway> {
  const bus = options.bus ?? createLocalBus();
  const audited: TestGateway['audited'] = [];
  const loggedErrors: unknown[] = [];
  const dependencies: GatewayDeps = {
    apps: {
      byKey: async (key) => apps.find((app) => app.key === key),
      byId: async (id) => apps.find((app) => app.id === id),
    },
    authenticate,
    facts,
    audit: (entry) => audited.push(entry),
    bus,
    history: noHistory,
    log: { ...quiet, error: (detail) => loggedErrors.push(detail) },
    ...options,
  };
  const gateway = createGateway(dependencies);
  const server = fastify({
    routerOptions: { maxParamLength: maxPathPart },
    serverFactory: (handler) => createServer(handler),
  });
  server.setErrorHandler((error, request, reply) => sendProblem(toProblem(error), request, reply));
  await server.register(gatewayRoutes({ ...dependencies, gateway }));
  await server.ready();
  gateway.attach(server.server);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const clients: { stop(): void }[] = [];
  return {
    port,
    url,
    gateway,
    bus,
    audited,
    loggedErrors,
    ...clientsOf(port, clients),
    async stop() {
      for (const client of clients) client.stop();
      await gateway.stop();
      await server.close();
      await bus.stop();
    },
  };
}

/** Clients of a gateway; those that stay open are added to `clients`. */
function clientsOf(port: number, clients: { stop(): void }[]): Pick<TestGateway, 'pusher' | 'raw' | 'post'> {
  const url = `http://127.0.0.1:${port}`;
  return {
    pusher({ as, key = 'acme', ...rest } = {}) {
      const auth = {
        transport: 'ajax',
        headers: as ? { Authorization: `Bearer ${as}` } : {},
        params: {},
      } as const;
      const client = new Pusher(key, {
        cluster: '',
        wsHost: '127.0.0.1',
        wsPort: port,
        forceTLS: false,
        enabledTransports: ['ws'],
        disableStats: true,
        channelAuthorization: { ...auth, endpoint: `${url}/broadcasting/auth?app_key=${key}` },
        userAuthentication: { ...auth, endpoint: `${url}/broadcasting/user-auth?app_key=${key}` },
        ...rest,
      });
      clients.push({ stop: () => client.disconnect() });
      return client;
    },
    raw(address = '/app/acme?protocol=7') {
      const client = new RawClient(`ws://127.0.0.1:${port}${address}`);
      clients.push({ stop: () => client.ws.terminate() });
      return client;
    },
    post: (path, body, as, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(as ? { authorization: `Bearer ${as}` } : {}),
          ...headers,
        },
      }),
  };
}

async function authenticate(header: string | undefined): Promise<Principal> {
  const person = people[(header ?? '').replace('Bearer ', '') as Person];
  if (!person) throw new ProblemError('unauthenticated', 'Who are you?');
  return person;
}

/** A received frame, with its data parsed. */
export interface Frame {
  readonly event: string;
  readonly channel?: string;
  readonly data: unknown;
  readonly [more: string]: unknown;
}

/** A client that sends given frames and records what it receives. */
export class RawClient {
  readonly ws: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly frames: Frame[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(url, options);
    // The close event follows, and its code is what tests assert.
    this.ws.on('error', () => {});
    this.ws.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as Frame;
      this.frames.push({ ...frame, data: typeof frame.data === 'string' ? read(frame.data) : frame.data });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** The next frame of this name; earlier frames are skipped. */
  async next(event: string): Promise<Frame> {
    for (;;) {
      for (let frame = this.frames[this.#taken]; frame; frame = this.frames[this.#taken]) {
        this.#taken += 1;
        if (frame.event === event) return frame;
      }
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  /** Waits for the greeting and returns the socket id. */
  async socketId(): Promise<string> {
    const { data } = await this.next('pusher:connection_established');
    return (data as { socket_id: string }).socket_id;
  }

  send(frame: unknown): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  subscribe(channel: string, more: Record<string, unknown> = {}): void {
    this.send({ event: 'pusher:subscribe', data: { channel, ...more } });
  }

  /** Resolves when everything sent before has been processed: frames are handled in order. */
  async settled(): Promise<void> {
    this.send({ event: 'pusher:ping', data: {} });
    await this.next('pusher:pong');
  }

  async opened(): Promise<void> {
    if (this.ws.readyState !== WebSocket.OPEN) await once(this.ws, 'open');
  }
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Data that is not JSON is plain text.
    return text;
  }
}

/** Waits for an event of pusher-js: of a channel, a connection or a user. */
export function nextEvent<Data = unknown>(
  source: {
    bind(event: string, act: (data: Data) => void): unknown;
    unbind(event: string, act: unknown): unknown;
  },
  event: string,
): Promise<Data> {
  return new Promise((resolve) => {
    const act = (data: Data) => {
      source.unbind(event, act);
      resolve(data);
    };
    source.bind(event, act);
  });
}
