import { PassThrough } from 'node:stream';
import { idSchema, ProblemError, parsePusherChannel } from '@mevrik/protocol';
import { z } from 'zod';
import type { Gateway } from '../../broadcast/gateway.ts';
import type { TappedMessage } from '../../broadcast/sockets/hub.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** What the routes below look into. */
export interface GatewayRouteDeps extends Pick<HttpDeps, 'audit'> {
  readonly gateway: Pick<Gateway, 'inspection' | 'nodes' | 'tap'>;
}

const seeing = { access: ['admin', 'supervisor'] as const };
const tapping = { access: ['admin'] as const };
const tags = ['gateway'];
const appId = z.coerce.number().pipe(idSchema.max(2_147_483_647));
const channelName = z.string().min(1).max(200);

const listQuery = z.strictObject({
  appId: appId.optional(),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(100),
});

/** A tap that is forgotten ends by itself; its owner's right to it is looked at again when it is opened anew. */
const tapMs = 5 * 60_000;
/** Keeps proxies from taking a quiet tap for a dead one. */
const heartbeatMs = 15_000;
const maxTaps = 20;
const maxBufferedBytes = 1_048_576;

/** What is connected in real time: nodes, channels, connections, and a look at what one channel carries. */
export function gatewayInspectionRoutes({ gateway, audit }: GatewayRouteDeps): RoutePlugin {
  let taps = 0;
  return (api) => {
    api.get(
      '/v1/admin/gateway',
      {
        config: seeing,
        schema: { tags, summary: 'What is connected to each node, app by app, and what goes over it' },
      },
      async () => ({ nodes: await gateway.nodes() }),
    );
    api.get(
      '/v1/admin/gateway/topics',
      {
        config: seeing,
        schema: {
          tags,
          summary: 'The channels that clients of the answering node hear, by name',
          querystring: listQuery.extend({ prefix: channelName.optional() }),
        },
      },
      ({ query: { cursor, ...query } }) => gateway.inspection.channels({ ...query, after: cursor }),
    );
    api.get(
      '/v1/admin/gateway/connections',
      {
        config: seeing,
        schema: { tags, summary: 'The connections of the answering node', querystring: listQuery },
      },
      ({ query: { cursor, ...query } }) => gateway.inspection.connections({ ...query, after: cursor }),
    );
    api.get(
      '/v1/admin/gateway/tap',
      {
        config: tapping,
        schema: {
          tags,
          summary: 'What one channel carries, as it happens: server-sent events for five minutes',
          querystring: z.strictObject({ appId, channel: channelName }),
        },
      },
      async (request, reply) => {
        const { query } = request;
        const channel = parsePusherChannel(query.channel);
        if (!channel) {
          throw new ProblemError('invalid_input', 'Invalid channel name.', {
            fields: [{ path: 'channel', message: 'is not a valid channel name' }],
          });
        }
        if (taps >= maxTaps)
          throw new ProblemError(
            'too_many_requests',
            `${maxTaps} taps are already open. Close one and try again.`,
          );
        taps += 1;
        const stream = new PassThrough();
        const send = (event: string, data: unknown) =>
          void stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        let dropped = 0;
        const take = (message: TappedMessage) => {
          if (stream.readableLength + stream.writableLength > maxBufferedBytes) dropped += 1;
          else send('message', { at: new Date().toISOString(), ...message });
        };
        const close = await gateway.tap(query.appId, channel, take, () => stream.end());
        const heartbeat = setInterval(() => {
          send('alive', { dropped });
        }, heartbeatMs).unref();
        const end = setTimeout(() => stream.end(), tapMs).unref();
        stream.once('close', () => {
          taps -= 1;
          close();
          clearInterval(heartbeat);
          clearTimeout(end);
        });
        request.raw.socket.once('close', () => stream.destroy());
        audit({
          appId: query.appId,
          actor: actorOf(request),
          action: 'channel.tap',
          target: query.channel,
        });
        send('open', { channel: query.channel });
        return reply
          .header('content-type', 'text/event-stream')
          .header('cache-control', 'no-store')
          .header('x-accel-buffering', 'no')
          .send(stream);
      },
    );
  };
}
