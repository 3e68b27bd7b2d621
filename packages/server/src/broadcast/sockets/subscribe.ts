import {
  type PresenceMember,
  type PusherChannel,
  parsePusherChannel,
  parseTopic,
  presenceMemberSchema,
  userChannelName,
} from '@mevrik/protocol';
import { z } from 'zod';
import { describeHearer, mayHear } from '../access/access.ts';
import { isSignature, signChannel } from '../access/auth-signature.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import { encodeFrame } from './frame-encoder.ts';
import { resumeSchema, tellMissed } from './resume.ts';
import { goOffline, unwatch } from './watchlist.ts';

const subscribeSchema = z.object({
  channel: z.string(),
  auth: z.string().optional(),
  channel_data: z.string().optional(),
  resume: resumeSchema.optional(),
});
type SubscribeRequest = z.infer<typeof subscribeSchema>;

interface Refusal {
  readonly refused: string;
  readonly status: number;
  readonly type: string;
}
interface Admission {
  readonly channel: PusherChannel;
  readonly member?: PresenceMember;
}

/** A connection may write this many refusals to the audit trail. */
const maxAuditedRefusals = 20;

/** Acts on `pusher:subscribe`. */
export async function subscribe(parts: ClientFrameDeps, socket: ClientSocket, data: unknown): Promise<void> {
  const parsed = subscribeSchema.safeParse(data);
  if (!parsed.success) {
    socket.complain('A subscription needs the name of a channel');
    return;
  }
  const { channel: name } = parsed.data;
  if (socket.channels.has(name)) {
    socket.complain(`Existing subscription to channel ${name}`);
    return;
  }
  const decision = await decide(parts, socket, parsed.data).catch(notNow(parts, name));
  if ('refused' in decision) {
    refuse(parts, socket, name, decision);
    return;
  }
  await enter(parts, socket, decision, parsed.data.resume);
}

/** Acts on `pusher:unsubscribe`, and on the end of a connection for each of its channels. */
export async function unsubscribe(parts: ClientFrameDeps, socket: ClientSocket, name: string): Promise<void> {
  const subscription = socket.channels.get(name);
  if (!subscription) return;
  socket.channels.delete(name);
  const appId = socket.app.id;
  parts.hub.unsubscribe(appId, name, socket);
  parts.onMovement?.(appId);
  if (subscription.channel.kind !== 'presence') return;
  const gone = await parts.bus.presence.leave({ appId, channel: name, socketId: socket.id });
  if (gone !== undefined) await announce(parts, socket, name, 'member_removed', { user_id: gone });
}

/** Ends all subscriptions of a connection that has ended, and what it watched. */
export async function leaveAll(parts: ClientFrameDeps, socket: ClientSocket): Promise<void> {
  unwatch(parts, socket);
  const { user } = socket;
  if (user) {
    await goOffline(parts, socket, user.id).catch((error: unknown) => {
      parts.log.warn({ user: user.id, error: String(error) }, 'a user that left could not be announced');
    });
  }
  for (const name of [...socket.channels.keys()]) {
    await unsubscribe(parts, socket, name).catch((error: unknown) => {
      parts.log.warn({ channel: name, error: String(error) }, 'a member that left could not be announced');
    });
  }
}

async function decide(
  parts: ClientFrameDeps,
  socket: ClientSocket,
  request: SubscribeRequest,
): Promise<Refusal | Admission> {
  const channel = parsePusherChannel(request.channel);
  if (!channel) return { refused: 'This is no name of a channel', status: 400, type: 'InvalidChannel' };
  if (socket.channels.size >= parts.config.maxChannelsPerConnection) {
    return { refused: 'Too many channels on one connection', status: 403, type: 'LimitReached' };
  }
  switch (channel.kind) {
    case 'public':
      return (await isOpenTo(parts, socket, channel)) ? { channel } : notYours;
    case 'user':
      return socket.user && channel.name === userChannelName(socket.user.id) ? { channel } : notYours;
    case 'private':
      return isSigned(socket, request) ? { channel } : badSignature;
    case 'presence':
      return isSigned(socket, request)
        ? admitMember(channel, request.channel_data, parts.config.maxMemberBytes)
        : badSignature;
  }
}

/** What cannot be found out at the moment is refused for the moment. */
function notNow({ log }: ClientFrameDeps, channel: string): (error: unknown) => Refusal {
  return (error) => {
    log.error({ channel, error: String(error) }, 'a subscription could not be decided');
    return { refused: 'Try again later', status: 503, type: 'ServerError' };
  };
}

const notYours: Refusal = { refused: 'This channel is not yours to hear', status: 403, type: 'AuthError' };
const badSignature: Refusal = { refused: 'The connection is unauthorized', status: 401, type: 'AuthError' };

/** Names of our own topics are for those signed in whom the table lets; what else has no prefix is public. */
async function isOpenTo(
  parts: ClientFrameDeps,
  socket: ClientSocket,
  channel: PusherChannel,
): Promise<boolean> {
  if (!parseTopic(channel.topic)) return true;
  const { topic } = channel;
  return mayHear({ topic, appId: socket.app.id, who: socket.user?.hearer, facts: parts.facts });
}

function isSigned(socket: ClientSocket, request: SubscribeRequest): boolean {
  const expected = signChannel(socket.app, socket.id, request.channel, request.channel_data);
  return isSignature(request.auth, expected);
}

function admitMember(
  channel: PusherChannel,
  channelData: string | undefined,
  maxBytes: number,
): Refusal | Admission {
  const bad: Refusal = {
    refused: 'A member needs channel_data with a user_id',
    status: 400,
    type: 'InvalidMember',
  };
  if (channelData === undefined || Buffer.byteLength(channelData) > maxBytes) return bad;
  try {
    const member = presenceMemberSchema.safeParse(JSON.parse(channelData)).data;
    return member ? { channel, member } : bad;
  } catch {
    return bad;
  }
}

function refuse(parts: ClientFrameDeps, socket: ClientSocket, name: string, refusal: Refusal): void {
  const { refused, status, type } = refusal;
  socket.tell('pusher:subscription_error', { type, error: refused, status }, name);
  if (type !== 'AuthError' || socket.auditedRefusals++ >= maxAuditedRefusals) return;
  parts.audit({
    appId: socket.app.id,
    actor: describeHearer(socket.user?.hearer),
    action: 'channel.refused',
    target: name,
    detail: { socketId: socket.id, reason: refused },
  });
}

async function enter(
  parts: ClientFrameDeps,
  socket: ClientSocket,
  { channel, member }: Admission,
  resume: SubscribeRequest['resume'],
): Promise<void> {
  const { name } = channel;
  const appId = socket.app.id;
  const place = { appId, channel: name, socketId: socket.id };
  if (!socket.isOpen) return;
  socket.channels.set(name, {
    channel,
    ...(member ? { userId: member.user_id } : {}),
    ...(resume ? { resumes: true } : {}),
  });
  const backOut = (refusal: Refusal) => {
    socket.channels.delete(name);
    parts.hub.unsubscribe(appId, name, socket);
    refuse(parts, socket, name, refusal);
  };
  await parts.hub.subscribe(appId, channel, socket);
  parts.onMovement?.(appId);
  const resumed = resume && (await tellMissed(parts, socket, channel, resume).catch(notNow(parts, name)));
  if (resumed && 'refused' in resumed) return backOut(resumed);
  const joined = member
    ? await parts.bus.presence.join(place, member, parts.config.maxPresenceMembers)
    : undefined;
  if (joined?.full) {
    return backOut({
      refused: 'The channel has as many members as it may have',
      status: 403,
      type: 'LimitReached',
    });
  }
  if (member && joined?.isNew) await announce(parts, socket, name, 'member_added', member);
  if (!socket.isOpen) {
    // The connection ended meanwhile, perhaps after it had left the channel: leaving twice does no harm.
    socket.channels.set(name, { channel });
    await unsubscribe(parts, socket, name);
    return;
  }
  const succeeded = {
    ...(joined
      ? {
          presence: {
            count: joined.members.size,
            ids: [...joined.members.keys()],
            hash: Object.fromEntries(joined.members),
          },
        }
      : {}),
    ...(resumed ? { resume: resumed } : {}),
  };
  socket.tell('pusher_internal:subscription_succeeded', succeeded, name);
  if (channel.isCache) await tellCached(parts, socket, name);
  parts.hub.confirm(appId, name, socket);
}

async function tellCached(parts: ClientFrameDeps, socket: ClientSocket, channel: string): Promise<void> {
  const cached = await parts.bus.cache.get(socket.app.id, channel);
  if (cached) {
    socket.send(encodeFrame({ event: cached.event, channel, data: cached.data }));
    return;
  }
  socket.send(encodeFrame({ event: 'pusher:cache_miss', channel }));
  parts.watch.cacheMissed(socket.app, channel);
}

function announce(
  parts: ClientFrameDeps,
  socket: ClientSocket,
  channel: string,
  what: 'member_added' | 'member_removed',
  data: PresenceMember | { user_id: string },
): Promise<void> {
  const at = { appId: socket.app.id, channel };
  if (what === 'member_added') parts.watch.memberAdded(at, data.user_id);
  else parts.watch.memberRemoved(at, data.user_id);
  return parts.bus.publish([
    {
      ...at,
      event: `pusher_internal:${what}`,
      data: JSON.stringify(data),
      exceptSocketId: socket.id,
    },
  ]);
}
