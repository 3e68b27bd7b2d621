import {
  ProblemError,
  type PusherBatchResult,
  type PusherChannel,
  type PusherChannelAttributes,
  type PusherChannels,
  type PusherEventResult,
  type PusherUsers,
  parsePusherChannel,
} from '@mevrik/protocol';
import type { Bus } from '../bus/bus.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import { badRequest, readBatch, readEvent, type TriggeredEvent } from './topic-requests.ts';

/** The operations of Pusher's HTTP API, independent of HTTP. */
export interface TopicApi {
  /** @throws ProblemError `bad_request` or `too_large`; then nothing was sent. */
  trigger(appId: number, body: unknown): Promise<PusherEventResult>;
  /** @throws ProblemError `bad_request` or `too_large`; then nothing was sent. */
  triggerBatch(appId: number, body: unknown): Promise<PusherBatchResult>;
  channels(
    appId: number,
    query: { readonly prefix: string; readonly info: readonly string[] },
  ): Promise<PusherChannels>;
  channel(appId: number, name: string, info: readonly string[]): Promise<PusherChannelAttributes>;
  users(appId: number, name: string): Promise<PusherUsers>;
  terminateUser(appId: number, userId: string): Promise<void>;
}

/** Makes the API on a bus. */
export function createTopicApi(bus: Bus, { maxEventBytes }: Pick<GatewayConfig, 'maxEventBytes'>): TopicApi {
  return {
    async trigger(appId, body) {
      const event = readEvent(body);
      await send(bus, maxEventBytes, appId, [event]);
      if (!event.info) return {};
      const info = readInfo(event.info);
      const facts = event.channels.map(
        async (name) => [name, await factsOf(bus, appId, name, info)] as const,
      );
      return { channels: Object.fromEntries(await Promise.all(facts)) };
    },
    async triggerBatch(appId, body) {
      const events = readBatch(body);
      await send(bus, maxEventBytes, appId, events);
      if (!events.some(({ info }) => info)) return {};
      const facts = events.map(({ channels: [name = ''], info }) =>
        factsOf(bus, appId, name, readInfo(info ?? '')),
      );
      return { batch: await Promise.all(facts) };
    },
    async channels(appId, { prefix, info }) {
      if (info.includes('user_count') && !prefix.startsWith('presence-')) {
        throw badRequest(
          'info',
          'may have user_count for presence channels only: filter_by_prefix=presence-',
        );
      }
      const names = [...(await bus.occupancy.list(appId)).keys()].filter((name) => name.startsWith(prefix));
      const facts = names.map(async (name) => [name, await factsOf(bus, appId, name, info)] as const);
      return { channels: Object.fromEntries(await Promise.all(facts)) };
    },
    async channel(appId, name, info) {
      const { kind, isCache } = requireChannel(name);
      if (info.includes('user_count') && kind !== 'presence') {
        throw badRequest('info', 'may have user_count for presence channels only');
      }
      if (info.includes('cache') && !isCache)
        throw badRequest('info', 'may have cache for cache channels only');
      const facts = await factsOf(bus, appId, name, info);
      return { occupied: (await bus.occupancy.countOf(appId, name)) > 0, ...facts };
    },
    async users(appId, name) {
      if (requireChannel(name).kind !== 'presence') throw badRequest('channel', 'is not a presence channel');
      return { users: [...(await bus.presence.members(appId, name)).members.keys()].map((id) => ({ id })) };
    },
    terminateUser: (appId, userId) => bus.publish([{ appId, terminateUser: userId }]),
  };
}

async function send(
  bus: Bus,
  maxEventBytes: number,
  appId: number,
  events: readonly TriggeredEvent[],
): Promise<void> {
  if (events.some(({ data }) => Buffer.byteLength(data) > maxEventBytes)) {
    throw new ProblemError('too_large', `The event data must not exceed ${maxEventBytes} bytes.`);
  }
  const messages = events.flatMap(({ channels, name, data, socket_id }) =>
    [...new Set(channels)].map((channel) => ({
      appId,
      channel,
      event: name,
      data,
      ...(socket_id ? { exceptSocketId: socket_id } : {}),
    })),
  );
  for (const { channel, event, data } of messages) {
    if (parsePusherChannel(channel)?.isCache) await bus.cache.put(appId, channel, { event, data });
  }
  await bus.publish(messages);
}

async function factsOf(
  bus: Bus,
  appId: number,
  name: string,
  info: readonly string[],
): Promise<PusherChannelAttributes> {
  const channel = requireChannel(name);
  const cached =
    info.includes('cache') && channel.isCache ? await bus.cache.get(appId, channel.name) : undefined;
  return {
    ...(info.includes('user_count') && channel.kind === 'presence'
      ? { user_count: (await bus.presence.members(appId, name)).members.size }
      : {}),
    ...(info.includes('subscription_count')
      ? { subscription_count: await bus.occupancy.countOf(appId, name) }
      : {}),
    ...(cached ? { cache: cached } : {}),
  };
}

/** Reads `info=a,b`. */
export function readInfo(text: string): readonly string[] {
  return text.split(',').map((word) => word.trim());
}

function requireChannel(name: string): PusherChannel {
  const channel = parsePusherChannel(name);
  if (!channel) throw badRequest('channel', 'is not a valid channel name');
  return channel;
}
