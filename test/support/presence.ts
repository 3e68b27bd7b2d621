import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { UserId } from '@mevrik/protocol';
import { onTestFinished } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { acme, RawClient } from './gateway.ts';
import { killHard, startProcess } from './processes.ts';

/** Subscribes a client to a presence channel as this user. Resolves to the ids that it lists, sorted. */
export async function joinPresence(
  client: RawClient,
  userId: UserId,
  channel = 'presence-queues',
): Promise<unknown> {
  const channelData = JSON.stringify({ user_id: userId, user_info: { name: String(userId) } });
  const auth = signSubscription(acme, await client.socketId(), channel, channelData);
  client.subscribe(channel, { auth, channel_data: channelData });
  const { data } = await client.next('pusher_internal:subscription_succeeded');
  return (data as { presence: { ids: string[] } }).presence.ids.sort();
}

/** Starts a node in a process of its own, which ends with the test at the latest. */
export async function startGatewayProcess(env: Record<string, string>) {
  const file = fileURLToPath(new URL('../support/gateway-node.ts', import.meta.url));
  const child = await startProcess(file, env);
  onTestFinished(() => killHard(child));
  const answer = once(child, 'message');
  child.send('port?');
  const [port] = (await answer) as [number];
  return { child, raw: () => new RawClient(`ws://127.0.0.1:${port}/app/acme?protocol=7`) };
}
