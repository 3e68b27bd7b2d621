import { expect } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import type { GatewayLog } from '../../packages/server/src/broadcast/gateway-deps.ts';
import { acme, quiet, type RawClient, startGateway, type TestGateway } from './gateway.ts';

/** A gateway whose bus uses a Redis. */
export function startRedisNode(
  url: string,
  { log = quiet, heartbeatMs = 200 }: { log?: GatewayLog; heartbeatMs?: number } = {},
): Promise<TestGateway> {
  const bus = createRedisBus({ url, log, history: noHistory, heartbeatMs });
  return startGateway({ bus, config: { recheckMs: 100 } });
}

/** A client that has subscribed to a channel. */
export async function listen(node: TestGateway, channel: string): Promise<RawClient> {
  const client = node.raw();
  await client.socketId();
  client.subscribe(channel);
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

/** Makes a client join a presence channel. @returns the members. */
export async function join(client: RawClient, userId: string, channel: string): Promise<string[]> {
  const channelData = JSON.stringify({ user_id: userId, user_info: { name: userId } });
  const greeting = client.frames.find(({ event }) => event === 'pusher:connection_established');
  const socketId = greeting ? (greeting.data as { socket_id: string }).socket_id : await client.socketId();
  const auth = signSubscription(acme, socketId, channel, channelData);
  client.subscribe(channel, { auth, channel_data: channelData });
  const { data } = await client.next('pusher_internal:subscription_succeeded');
  return (data as { presence: { ids: string[] } }).presence.ids.sort();
}

/** Publishes something on a topic of the first app. */
export function publish(node: TestGateway, topic: string, payload: Record<string, unknown>): Promise<void> {
  return node.gateway.publish([{ appId: 1, topic, event: 'message_post', payload }]);
}

/** The messages that a client received on its channels, in order. */
export function messagesTo(client: RawClient): unknown[] {
  return client.frames.filter(({ event }) => event === 'message_post').map(({ data }) => data);
}

/** Publishes until it has arrived at every client. */
export async function expectReached(
  from: TestGateway,
  topic: string,
  clients: readonly RawClient[],
): Promise<void> {
  const probe = crypto.randomUUID();
  const reached = async () => {
    await publish(from, topic, { probe });
    return clients.every((client) =>
      messagesTo(client).some((data) => (data as { probe?: string }).probe === probe),
    );
  };
  await expect.poll(reached, { interval: 100 }).toBe(true);
}
