import {
  type PresenceMember,
  type PusherChannel,
  parsePusherChannel,
  parseTopic,
  presenceMemberSchema,
  userChannelName,
} from '@mevrik/protocol';
import { z } from 'zod';
import { describeIdentity, maySubscribe } from '../access/access.ts';
import { isSignature, signSubscription } from '../access/auth-signature.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket, SocketUser } from './client-socket.ts';
import { encodeFrame } from './frame-encoder.ts';
import { resumeSchema, sendMissed } from './resume.ts';
import { markOffline, unwatch } from './watchlist.ts';

/** `null` counts as absent. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const subscribeSchema = z.object({
  channel: z.string(),
  auth: optional(z.string()),
  channel_data: optional(z.string()),
  resume: optional(resumeSchema),
});
type SubscribeRequest = z.infer<typeof subscribeSchema>;

interface Rejection {
  readonly reason: string;
  readonly status: number;
  readonly type: string;
}
interface Admission {
  readonly channel: PusherChannel;
  readonly member?: PresenceMember;
}

/** The channel that the data of a frame names. */
export function channelIn(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('channel' in data)) return undefined;
  return typeof data.channel === 'string' ? data.channel : undefined;
}

/** Handles `pusher:subscribe`. */
export async function subscribe(deps: ClientFrameDeps, socket: ClientSocket, data: unknown): Promise<void> {
  const parsed = subscribeSchema.safeParse(data);
  const name = parsed.success ? parsed.data.channel : channelIn(data);
  if (name === undefined) {
    socket.sendError('Channel name is missing');
    return;
  }
  if (socket.channels.has(name)) {
    socket.sendError(`Existing subscription to channel ${name}`, null, name);
    return;
  }
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const reason = `Invalid subscription: ${issue?.path.join('.')}: ${issue?.message}`;
    reject(deps, socket, name, { reason, status: 400, type: 'InvalidSubscription' });
    return;
  }
  const decision = await decide(deps, socket, parsed.data).catch(unavailable(deps, name));
  if ('reason' in decision) {
    reject(deps, socket, name, decision);
    return;
  }
  await complete(deps, socket, decision, parsed.data.resume);
}

/** Handles `pusher:unsubscribe`, and the end of a connection for each of its channels. */
export async function unsubscribe(deps: ClientFrameDeps, socket: ClientSocket, name: string): Promise<void> {
  const subscription = socket.channels.get(name);
  if (!subscription) return;
  socket.channels.delete(name);
  const appId = socket.app.id;
  deps.hub.unsubscribe(appId, name, socket);
  deps.onConnectionsChanged?.(appId);
  if (subscription.channel.kind !== 'presence') return;
  const gone = await deps.bus.presence.leave({ appId, channel: name, socketId: socket.id });
  if (gone !== undefined) deps.watch.memberRemoved({ appId, channel: name }, gone);
}

/** Removes all subscriptions and watched users of a closed connection. */
export async function unsubscribeAll(deps: ClientFrameDeps, socket: ClientSocket): Promise<void> {
  unwatch(deps, socket);
  const { user } = socket;
  if (user) {
    await markOffline(deps, socket, user.id).catch((error: unknown) => {
      deps.log.warn({ user: user.id, err: error }, 'failed to announce that a user went offline');
    });
  }
  for (const name of [...socket.channels.keys()]) {
    await unsubscribe(deps, socket, name).catch((error: unknown) => {
      deps.log.warn({ channel: name, err: error }, 'failed to announce that a member left');
    });
  }
}

async function decide(
  deps: ClientFrameDeps,
  socket: ClientSocket,
  request: SubscribeRequest,
): Promise<Rejection | Admission> {
  const channel = parsePusherChannel(request.channel);
  if (!channel) return { reason: 'Invalid channel name', status: 400, type: 'InvalidChannel' };
  if (socket.channels.size >= deps.config.maxChannelsPerConnection) {
    return { reason: 'Too many channels on one connection', status: 403, type: 'LimitReached' };
  }
  switch (channel.kind) {
    case 'public':
      return (await isOpenTo(deps, socket, channel)) ? { channel } : notAuthorized;
    case 'user':
      return socket.user && channel.name === userChannelName(socket.user.id) ? { channel } : notAuthorized;
    case 'private':
      return isSigned(socket, request) ? { channel } : badSignature;
    case 'presence':
      return isSigned(socket, request)
        ? admitMember(channel, request.channel_data, deps.config.maxMemberBytes)
        : badSignature;
  }
}

/** Rejects a subscription for now, because it could not be decided. */
function unavailable({ log }: ClientFrameDeps, channel: string): (error: unknown) => Rejection {
  return (error) => {
    log.error({ channel, err: error }, 'failed to authorize a subscription');
    return { reason: 'Try again later', status: 503, type: 'ServerError' };
  };
}

const notAuthorized: Rejection = {
  reason: 'Not authorized to subscribe to this channel',
  status: 403,
  type: 'AuthError',
};
const badSignature: Rejection = { reason: 'The connection is unauthorized', status: 401, type: 'AuthError' };

/** Names of our own topics follow the access table; other names without a prefix are public. */
async function isOpenTo(
  deps: ClientFrameDeps,
  socket: ClientSocket,
  channel: PusherChannel,
): Promise<boolean> {
  if (!parseTopic(channel.topic)) return true;
  const { topic } = channel;
  return maySubscribe({ topic, appId: socket.app.id, who: socket.user?.identity, facts: deps.facts });
}

function isSigned(socket: ClientSocket, request: SubscribeRequest): boolean {
  const expected = signSubscription(socket.app, socket.id, request.channel, request.channel_data);
  return isSignature(request.auth, expected);
}

function admitMember(
  channel: PusherChannel,
  channelData: string | undefined,
  maxBytes: number,
): Rejection | Admission {
  const bad: Rejection = {
    reason: 'channel_data with a user_id is required',
    status: 400,
    type: 'InvalidMember',
  };
  if (channelData === undefined || Buffer.byteLength(channelData) > maxBytes) return bad;
  try {
    const member = presenceMemberSchema.safeParse(JSON.parse(channelData)).data;
    return member ? { channel, member } : bad;
  } catch {
    // Not JSON.
    return bad;
  }
}

function reject(deps: ClientFrameDeps, socket: ClientSocket, name: string, rejection: Rejection): void {
  const { reason, status, type } = rejection;
  socket.sendEvent('pusher:subscription_error', { type, error: reason, status }, name);
  if (type !== 'AuthError') return;
  const rejected = { appId: socket.app.id, socketId: socket.id, channel: name, reason };
  deps.rejections.record(rejected, socket.user && nameOf(socket.user));
}

function nameOf({ id, identity }: SocketUser): string {
  return identity ? describeIdentity(identity) : `user ${id}`;
}

async function complete(
  deps: ClientFrameDeps,
  socket: ClientSocket,
  { channel, member }: Admission,
  resume: SubscribeRequest['resume'],
): Promise<void> {
  const { name } = channel;
  const appId = socket.app.id;
  const key = { appId, channel: name, socketId: socket.id };
  if (!socket.isOpen) return;
  socket.channels.set(name, {
    channel,
    ...(member ? { userId: member.user_id } : {}),
    ...(resume ? { resumes: true } : {}),
  });
  const backOut = (rejection: Rejection) => {
    socket.channels.delete(name);
    deps.hub.unsubscribe(appId, name, socket);
    reject(deps, socket, name, rejection);
  };
  await deps.hub.subscribe(appId, channel, socket);
  deps.onConnectionsChanged?.(appId);
  const resumed = resume && (await sendMissed(deps, socket, channel, resume).catch(unavailable(deps, name)));
  if (resumed && 'reason' in resumed) return backOut(resumed);
  const joined = member
    ? await deps.bus.presence.join(key, member, deps.config.maxPresenceMembers)
    : undefined;
  if (joined?.full) {
    return backOut({
      reason: 'The channel has reached its member limit',
      status: 403,
      type: 'LimitReached',
    });
  }
  if (member && joined?.isNew) deps.watch.memberAdded({ appId, channel: name }, String(member.user_id));
  if (!socket.isOpen) {
    // The connection closed meanwhile, perhaps after it had left the channel: leaving twice is harmless.
    socket.channels.set(name, { channel });
    await unsubscribe(deps, socket, name);
    return;
  }
  if (channel.kind === 'private' || channel.kind === 'presence') socket.isAuthorized = true;
  const succeeded = {
    ...(joined
      ? {
          presence: {
            count: joined.members.size,
            ids: [...joined.members.values()].map(({ id }) => id),
            hash: Object.fromEntries([...joined.members].map(([id, { info }]) => [id, info])),
          },
        }
      : {}),
    ...(resumed ? { resume: resumed } : {}),
  };
  socket.sendEvent('pusher_internal:subscription_succeeded', succeeded, name);
  if (channel.isCache) await sendCached(deps, socket, name);
  deps.hub.confirm(appId, name, socket, joined?.at);
}

async function sendCached(deps: ClientFrameDeps, socket: ClientSocket, channel: string): Promise<void> {
  const cached = await deps.bus.cache.get(socket.app.id, channel);
  if (cached) {
    socket.send(encodeFrame({ event: cached.event, channel, data: cached.data }));
    return;
  }
  socket.send(encodeFrame({ event: 'pusher:cache_miss', channel }));
  deps.watch.cacheMissed(socket.app, channel);
}
