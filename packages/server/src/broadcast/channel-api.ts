import { isSocketId, ProblemError, type PusherChannel, parsePusherChannel } from '@mevrik/protocol';
import { z } from 'zod';
import type { Bus } from './bus.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** What may be told of a channel. */
export interface ChannelFacts {
  readonly occupied?: boolean;
  readonly user_count?: number;
  readonly subscription_count?: number;
  readonly cache?: { readonly data: string; readonly event: string };
}

/** What an app's back end can do and ask, apart from how it is asked over HTTP. */
export interface ChannelApi {
  /** @throws ProblemError `invalid_input` or `too_large`; then nothing was sent. */
  trigger(appId: number, body: unknown): Promise<{ readonly channels?: Record<string, ChannelFacts> }>;
  /** @throws ProblemError `invalid_input` or `too_large`; then nothing was sent. */
  triggerBatch(appId: number, body: unknown): Promise<{ readonly batch?: readonly ChannelFacts[] }>;
  channels(
    appId: number,
    query: { readonly prefix: string; readonly info: readonly string[] },
  ): Promise<{ readonly channels: Record<string, ChannelFacts> }>;
  channel(appId: number, name: string, info: readonly string[]): Promise<ChannelFacts>;
  users(appId: number, name: string): Promise<{ readonly users: readonly { readonly id: string }[] }>;
  terminateUser(appId: number, userId: string): Promise<void>;
}

const maxChannelsPerEvent = 100;
const maxEventsPerBatch = 10;

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((event) => !/^pusher(_internal)?:/.test(event), 'names with pusher: are the protocol’s own');
const channel = z
  .string()
  .refine((text) => parsePusherChannel(text) !== undefined, 'is no name of a channel');
const common = {
  name,
  data: z.union([z.string(), z.json().transform((value) => JSON.stringify(value))]),
  socket_id: z.string().refine(isSocketId, 'is no number of a connection').nullish(),
  info: z.string().max(200).nullish(),
};
const eventSchema = z
  .object({
    ...common,
    channel: channel.optional(),
    channels: z.array(channel).max(maxChannelsPerEvent).optional(),
  })
  .transform(({ channel, channels, ...rest }) => ({
    ...rest,
    channels: channels ?? (channel ? [channel] : []),
  }))
  .refine(({ channels }) => channels.length > 0, { path: ['channels'], message: 'names no channel' });
const batchSchema = z.object({ batch: z.array(z.object({ ...common, channel })).max(maxEventsPerBatch) });

interface Triggered {
  readonly channels: readonly string[];
  readonly name: string;
  readonly data: string;
  readonly socket_id?: string | null | undefined;
  readonly info?: string | null | undefined;
}

/** What back ends can do, on a bus. */
export function createChannelApi(
  bus: Bus,
  { maxEventBytes }: Pick<GatewayConfig, 'maxEventBytes'>,
): ChannelApi {
  async function send(appId: number, events: readonly Triggered[]): Promise<void> {
    if (events.some(({ data }) => Buffer.byteLength(data) > maxEventBytes)) {
      throw new ProblemError('too_large', `The data of an event may have ${maxEventBytes} bytes.`);
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

  async function describe(appId: number, name: string, info: readonly string[]): Promise<ChannelFacts> {
    const channel = requireChannel(name);
    const cached =
      info.includes('cache') && channel.isCache ? await bus.cache.get(appId, channel.name) : undefined;
    return {
      ...(info.includes('user_count') && channel.kind === 'presence'
        ? { user_count: (await bus.presence.members(appId, name)).size }
        : {}),
      ...(info.includes('subscription_count')
        ? { subscription_count: await bus.occupancy.countOf(appId, name) }
        : {}),
      ...(cached ? { cache: cached } : {}),
    };
  }

  return {
    async trigger(appId, body) {
      const event = parse(eventSchema, body);
      await send(appId, [event]);
      if (!event.info) return {};
      const info = readInfo(event.info);
      const facts = event.channels.map(async (name) => [name, await describe(appId, name, info)] as const);
      return { channels: Object.fromEntries(await Promise.all(facts)) };
    },
    async triggerBatch(appId, body) {
      const { batch } = parse(batchSchema, body);
      await send(
        appId,
        batch.map((event) => ({ ...event, channels: [event.channel] })),
      );
      if (!batch.some(({ info }) => info)) return {};
      const facts = batch.map(({ channel, info }) => describe(appId, channel, readInfo(info ?? '')));
      return { batch: await Promise.all(facts) };
    },
    async channels(appId, { prefix, info }) {
      if (info.includes('user_count') && !prefix.startsWith('presence-')) {
        throw invalid('info', 'user_count is for presence channels: filter_by_prefix=presence-');
      }
      const names = [...(await bus.occupancy.list(appId)).keys()].filter((name) => name.startsWith(prefix));
      const facts = names.map(async (name) => [name, await describe(appId, name, info)] as const);
      return { channels: Object.fromEntries(await Promise.all(facts)) };
    },
    async channel(appId, name, info) {
      const facts = await describe(appId, name, info);
      return { occupied: (await bus.occupancy.countOf(appId, name)) > 0, ...facts };
    },
    async users(appId, name) {
      if (requireChannel(name).kind !== 'presence') throw invalid('channel', 'is no presence channel');
      return { users: [...(await bus.presence.members(appId, name)).keys()].map((id) => ({ id })) };
    },
    terminateUser: (appId, userId) => bus.publish([{ appId, terminateUser: userId }]),
  };
}

/** Reads `info=a,b`. */
export function readInfo(text: string): readonly string[] {
  return text.split(',').map((word) => word.trim());
}

function requireChannel(name: string): PusherChannel {
  const channel = parsePusherChannel(name);
  if (!channel) throw invalid('channel', 'is no name of a channel');
  return channel;
}

function invalid(path: string, message: string): ProblemError {
  return new ProblemError('invalid_input', `${path}: ${message}.`, { fields: [{ path, message }] });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new ProblemError('invalid_input', 'The event cannot be sent.', { cause: parsed.error, fields });
}
