import { z } from 'zod';

/** The version of the Pusher Channels protocol that our gateway speaks. */
export const pusherProtocolVersion = 7;

/**
 * Why a gateway refuses a client or ends its connection. Below 4100: do not come back unchanged; from 4100: come
 * back after a while; from 4200: come back at once; from 4300: told only, the connection stays.
 */
export const closeCodes = {
  tlsOnly: 4000,
  unknownApp: 4001,
  appDisabled: 4003,
  overQuota: 4004,
  pathNotFound: 4005,
  badVersion: 4006,
  unsupportedProtocol: 4007,
  noProtocol: 4008,
  unauthorized: 4009,
  overCapacity: 4100,
  reconnect: 4200,
  noPong: 4201,
  idle: 4202,
  clientEventRejected: 4301,
  watchlistTooLong: 4302,
} as const;

/** What a name's prefix makes of it: who may subscribe, and whether the members know of each other. */
export type PusherChannelKind = 'public' | 'private' | 'presence' | 'user';

/** The name of a channel in Pusher's sense, taken apart. */
export interface PusherChannel {
  readonly name: string;
  readonly kind: PusherChannelKind;
  /** The name without `private-` or `presence-`; a name without them is its own topic. */
  readonly topic: string;
  /** The last event is kept for those who subscribe later. */
  readonly isCache: boolean;
  /** The payloads are encrypted by the publisher; we pass them through. */
  readonly isEncrypted: boolean;
}

/** Pusher writes 164 characters, its SDKs let 200 pass. */
const maxChannelNameLength = 200;
const channelNamePattern = /^[A-Za-z0-9_\-=@,.;]+$/;
const userChannelPrefix = '#server-to-user-';
const userOnlinePrefix = '#user-online-';

/**
 * Takes a channel's name apart.
 * @returns `undefined` when it is no name that a channel may have.
 */
export function parsePusherChannel(name: string): PusherChannel | undefined {
  if (name.length === 0 || name.length > maxChannelNameLength) return undefined;
  if (name.startsWith(userChannelPrefix)) {
    if (name.length === userChannelPrefix.length) return undefined;
    return { name, kind: 'user', topic: name, isCache: false, isEncrypted: false };
  }
  if (!channelNamePattern.test(name)) return undefined;
  const prefix = name.startsWith('private-') ? 'private' : name.startsWith('presence-') ? 'presence' : '';
  const topic = prefix === '' ? name : name.slice(prefix.length + 1);
  if (topic === '') return undefined;
  const isEncrypted = prefix === 'private' && topic.startsWith('encrypted-');
  const isCache = topic.startsWith('cache-') || (isEncrypted && topic.startsWith('encrypted-cache-'));
  return { name, kind: prefix === '' ? 'public' : prefix, topic, isCache, isEncrypted };
}

/** The channel on which one signed-in user hears what is sent to them alone. */
export function userChannelName(userId: string): string {
  return `${userChannelPrefix}${userId}`;
}

/** What those who watch a user hear; no client can subscribe to it by name. */
export function userOnlineChannelName(userId: string): string {
  return `${userOnlinePrefix}${userId}`;
}

/** The user whose coming and going a channel tells of; `undefined` for every other channel. */
export function userOfOnlineChannel(name: string): string | undefined {
  return name.startsWith(userOnlinePrefix) ? name.slice(userOnlinePrefix.length) : undefined;
}

/** The names under which the subscribers of a topic hear it. */
export function channelNamesOf(topic: string): readonly [string, string, string] {
  return [topic, `private-${topic}`, `presence-${topic}`];
}

/** Whether a text can be a connection's number, as in `123.456`. */
export function isSocketId(text: string): boolean {
  return text.length <= 64 && /^\d+\.\d+$/.test(text);
}

/** A frame from a client. `data` is what was sent, unchecked. */
export const clientFrameSchema = z.object({
  event: z.string().min(1).max(200),
  channel: z.string().max(maxChannelNameLength).optional(),
  data: z.unknown().optional(),
});
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** A frame to a client. `data` is JSON as a text, as the protocol has it. */
export interface ServerFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: string;
  /** Who sent it, on client events of presence channels. */
  readonly user_id?: string;
  /** The event of the log that it tells of: the same one may come twice. Beyond Pusher; its clients ignore it. */
  readonly id?: string;
  /** Where that event stands in the log: what a client that comes back has heard. Beyond Pusher. */
  readonly at?: readonly [partition: number, offset: number];
}

/** Up to where a client has heard a channel: in each partition of the log, the offset of the last event. */
export const topicPositionSchema = z.object({
  /** Whose places these are; a log that was restored from a backup has another one. */
  epoch: z.string().max(64),
  positions: z
    .record(z.string().regex(/^\d{1,4}$/), z.int().min(0))
    .refine((positions) => Object.keys(positions).length <= 1024, 'names too many partitions'),
});
export type TopicPosition = z.infer<typeof topicPositionSchema>;

/** What a client that asked to resume a channel learns when it is subscribed. */
export interface Resumed extends TopicPosition {
  /** Whether it has been sent all that it missed. Absent where it was not there before. */
  readonly recovered?: boolean;
}

/** Who a member of a presence channel is. */
export const presenceMemberSchema = z.object({
  user_id: z.union([z.string().min(1).max(128), z.number()]).transform(String),
  user_info: z.unknown().optional(),
});
export type PresenceMember = z.infer<typeof presenceMemberSchema>;
