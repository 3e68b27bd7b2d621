import { z } from 'zod';
import { idSchema } from './models.ts';

/** Messages and bytes since the node started, and per second over the last seconds. */
export const trafficSchema = z.object({
  messages: z.number(),
  bytes: z.number(),
  messagesPerSecond: z.number(),
  bytesPerSecond: z.number(),
});
export type GatewayTraffic = z.infer<typeof trafficSchema>;

/** The connections of one app on one node. */
export const gatewayAppSchema = z.object({
  appId: idSchema,
  connections: z.int(),
  topics: z.int(),
  subscriptions: z.int(),
  /** Subscriptions to presence topics. */
  members: z.int(),
  sent: trafficSchema,
  received: trafficSchema,
  /** Bytes waiting for slow readers: in total, and for the slowest one. */
  bufferedBytes: z.int(),
  maxBufferedBytes: z.int(),
  /** Connections closed because they read too slowly. */
  cutOff: z.int(),
  /** Webhook events for the app's back end, by outcome. */
  webhooks: z.object({ sent: z.int(), failed: z.int(), dropped: z.int() }),
});

/** One node of the gateway, app by app. */
export const gatewayNodeSchema = z.object({ node: z.string(), apps: z.array(gatewayAppSchema).readonly() });
export type GatewayNode = z.infer<typeof gatewayNodeSchema>;
/** All nodes of the gateway. */
export const gatewayNodesSchema = z.object({ nodes: z.array(gatewayNodeSchema).readonly() });

/** A topic, by its name on the wire, with subscribers on the answering node. */
export const gatewayTopicSchema = z.object({
  appId: idSchema,
  name: z.string(),
  kind: z.enum(['public', 'private', 'presence', 'user']),
  subscribers: z.int(),
  sent: trafficSchema,
});
export type GatewayTopic = z.infer<typeof gatewayTopicSchema>;
/** A page of topics. */
export const gatewayTopicsSchema = z.object({
  items: z.array(gatewayTopicSchema).readonly(),
  next: z.string().nullable(),
});

/** A connection to the answering node. */
export const gatewayConnectionSchema = z.object({
  socketId: z.string(),
  appId: idSchema,
  userId: z.string().nullable(),
  topics: z.array(z.string()).readonly(),
  bufferedBytes: z.int(),
});
export type GatewayConnection = z.infer<typeof gatewayConnectionSchema>;
/** A page of connections. */
export const gatewayConnectionsSchema = z.object({
  items: z.array(gatewayConnectionSchema).readonly(),
  next: z.string().nullable(),
});

const appId = z.coerce.number().pipe(idSchema.max(2_147_483_647));
const topicName = z.string().min(1).max(200);

/** Which connections of the answering node; `limit` is at most 1,000. */
export const gatewayConnectionQuery = z.strictObject({
  appId: appId.optional(),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(100),
});
/** Which topics of the answering node; `prefix` is how their names begin. */
export const gatewayTopicQuery = gatewayConnectionQuery.extend({ prefix: topicName.optional() });
/** The topic whose messages are watched. */
export const gatewayTapQuery = z.strictObject({ appId, topic: topicName });
