import { PassThrough } from 'node:stream';
import {
  eventStreamResponse,
  gatewayConnectionQuery,
  gatewayConnectionsSchema,
  gatewayNodesSchema,
  gatewayTapQuery,
  gatewayTopicQuery,
  gatewayTopicsSchema,
  ProblemError,
  type PusherChannel,
  parsePusherChannel,
} from '@mevrik/protocol';
import type { z } from 'zod';
import type { StaffPrincipal } from '../../auth/principal.ts';
import type { Gateway } from '../../broadcast/gateway.ts';
import type { InspectionQuery } from '../../broadcast/inspect/gateway-inspection.ts';
import type { TappedMessage } from '../../broadcast/sockets/hub.ts';
import { actorOf, staffOf } from '../access.ts';
import { visibleApps } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Dependencies of the routes that inspect the gateway. */
export interface GatewayRouteDeps extends Pick<HttpDeps, 'audit'> {
  readonly gateway: Pick<Gateway, 'inspection' | 'nodes' | 'tap'>;
}

const reading = { access: ['admin', 'supervisor'] as const };
const tapping = { access: ['admin'] as const };
const tags = ['gateway'];

/** A tap ends by itself after this time; opening a new one checks the caller's access again. */
const tapMs = 5 * 60_000;
/** Keeps proxies from closing a quiet tap. */
const heartbeatMs = 15_000;
const maxTaps = 20;
const maxBufferedBytes = 1_048_576;

/** Nodes, topics and connections of the gateway, and a live view of the messages of one topic. */
export function gatewayInspectionRoutes(deps: GatewayRouteDeps): RoutePlugin {
  return (api) => {
    addListRoutes(api, deps);
    addTapRoute(api, deps);
  };
}

function addListRoutes(api: Api, { gateway }: GatewayRouteDeps): void {
  api.get(
    '/v1/admin/gateway',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List gateway nodes with their connections and traffic, app by app',
        response: { 200: gatewayNodesSchema },
      },
    },
    async (request) => {
      const visible = visibleApps(staffOf(request), undefined);
      const nodes = await gateway.nodes();
      return {
        nodes: nodes.map(({ node, apps }) => ({
          node,
          apps: apps.filter(({ appId }) => visible?.includes(appId) ?? true),
        })),
      };
    },
  );
  api.get(
    '/v1/admin/gateway/topics',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the topics with subscribers on the answering node, by name',
        querystring: gatewayTopicQuery,
        response: { 200: gatewayTopicsSchema },
      },
    },
    async (request) => gateway.inspection.topics(toInspectionQuery(staffOf(request), request.query)),
  );
  api.get(
    '/v1/admin/gateway/connections',
    {
      config: reading,
      schema: {
        tags,
        summary: 'List the connections of the answering node',
        querystring: gatewayConnectionQuery,
        response: { 200: gatewayConnectionsSchema },
      },
    },
    async (request) => gateway.inspection.connections(toInspectionQuery(staffOf(request), request.query)),
  );
}

/** Which page of a list, restricted to the apps that the caller may see. */
function toInspectionQuery(
  principal: StaffPrincipal,
  { appId, cursor, ...rest }: z.output<typeof gatewayTopicQuery>,
): InspectionQuery {
  return { ...rest, after: cursor, appIds: visibleApps(principal, appId) };
}

function addTapRoute(api: Api, { gateway, audit }: GatewayRouteDeps): void {
  let openTaps = 0;
  api.get(
    '/v1/admin/gateway/tap',
    {
      config: tapping,
      schema: {
        tags,
        summary: 'Stream the messages of one topic as server-sent events, for five minutes',
        querystring: gatewayTapQuery,
        response: { 200: eventStreamResponse },
      },
    },
    async (request, reply) => {
      const { appId, topic: name } = request.query;
      const channel = parsePusherChannel(name);
      if (!channel) {
        throw new ProblemError('invalid_input', 'Invalid topic name.', {
          fields: [{ path: 'topic', message: 'is not a valid topic name' }],
        });
      }
      if (openTaps >= maxTaps) {
        throw new ProblemError(
          'too_many_requests',
          `${maxTaps} topics are already being watched. Stop watching one and try again.`,
        );
      }
      openTaps += 1;
      const stream = await openTap(gateway, appId, channel).catch((error: unknown) => {
        openTaps -= 1;
        throw error;
      });
      stream.once('close', () => {
        openTaps -= 1;
      });
      request.raw.socket.once('close', () => stream.destroy());
      audit({ appId, actor: actorOf(request), action: 'topic.tap', target: name });
      return reply
        .header('content-type', 'text/event-stream')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream);
    },
  );
}

/** A stream of the topic's messages as server-sent events; it ends by itself, and drops what its reader is too slow for. */
async function openTap(
  gateway: GatewayRouteDeps['gateway'],
  appId: number,
  channel: PusherChannel,
): Promise<PassThrough> {
  const stream = new PassThrough();
  const send = (event: string, data: unknown) =>
    void stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  let dropped = 0;
  const forward = (message: TappedMessage) => {
    if (stream.readableLength + stream.writableLength > maxBufferedBytes) dropped += 1;
    else send('message', { at: new Date().toISOString(), ...message });
  };
  const close = await gateway.tap(appId, channel, forward, () => stream.end());
  const heartbeat = setInterval(() => send('alive', { dropped }), heartbeatMs).unref();
  const end = setTimeout(() => stream.end(), tapMs).unref();
  stream.once('close', () => {
    close();
    clearInterval(heartbeat);
    clearTimeout(end);
  });
  send('open', { channel: channel.name });
  return stream;
}
