import { z } from 'zod';

/** The version of the Pusher Channels protocol that the gateway implements. */
export const pusherProtocolVersion = 7;

/**
 * Why the gateway rejects a client or closes its connection. Below 4100: do not reconnect unchanged; from 4100:
 * reconnect after a back-off; from 4200: reconnect immediately; from 4300: an error only, the connection stays open.
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

/** The kind of a channel, given by the prefix of its name: who may subscribe, and whether members see each other. */
export type PusherChannelKind = 'public' | 'private' | 'presence' | 'user';

/** The parsed name of a Pusher channel. */
export interface PusherChannel {
  readonly name: string;
  readonly kind: PusherChannelKind;
  /** The name without `private-` or `presence-`; a name without them is its own topic. */
  readonly topic: string;
  /** The last event is stored for later subscribers. */
  readonly isCache: boolean;
  /** The publisher encrypts the payloads; the gateway passes them through. */
  readonly isEncrypted: boolean;
}

/** Pusher documents 164 characters; its SDKs allow 200. */
const maxChannelNameLength = 200;
const channelNamePattern = /^[A-Za-z0-9_\-=@,.;]+$/;
const userChannelPrefix = '#server-to-user-';
const userOnlinePrefix = '#user-online-';

/**
 * Parses a channel name.
 * @returns `undefined` for an invalid name.
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

/** The channel for messages to one signed-in user. */
export function userChannelName(userId: string): string {
  return `${userChannelPrefix}${userId}`;
}

/**
 * The channel for a user's watchers; clients cannot subscribe to it by name. `}` would end the hash tag of a Redis key.
 */
export function userOnlineChannelName(userId: string): string {
  return `${userOnlinePrefix}${userId.replaceAll('%', '%25').replaceAll('}', '%7D')}`;
}

/** The user whose presence a channel announces; `undefined` for every other channel. */
export function userOfOnlineChannel(name: string): string | undefined {
  if (!name.startsWith(userOnlinePrefix)) return undefined;
  return name.slice(userOnlinePrefix.length).replaceAll('%7D', '}').replaceAll('%25', '%');
}

/** The channel names under which a topic can be subscribed to. */
export function channelNamesOf(topic: string): readonly [string, string, string] {
  return [topic, `private-${topic}`, `presence-${topic}`];
}

/** Whether a text has the form of a socket id, such as `123.456`. */
export function isSocketId(text: string): boolean {
  return text.length <= 64 && /^\d+\.\d+$/.test(text);
}

/** A frame from a client. `data` is not validated; `null` counts as absent. */
export const clientFrameSchema = z.object({
  event: z.string().min(1).max(200),
  channel: z
    .string()
    .max(maxChannelNameLength)
    .nullish()
    .transform((name) => name ?? undefined),
  data: z.unknown().optional(),
});
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** The data of `pusher:error`. */
export interface PusherErrorData {
  /** One of `closeCodes`; `null` for an error without one. */
  readonly code: number | null;
  readonly message: string;
}

/**
 * A frame to a client. `data` is a JSON string, as the protocol requires; that of `pusher:error` is an object, as Pusher
 * sends it: some SDKs read no other.
 */
export interface ServerFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: string | PusherErrorData;
  /** The sender of a client event on a presence channel. */
  readonly user_id?: UserId;
  /** The id of the log event; the same event may arrive twice. An extension that Pusher clients ignore. */
  readonly id?: string;
  /** The position of that event in the log, from which a client can resume. An extension of Pusher. */
  readonly at?: readonly [partition: number, offset: number];
}

/** The last event that a client received on a channel: its offset in each partition of the log. */
export const topicPositionSchema = z.object({
  /** Identifies the log; it changes when the log is restored from a backup. */
  epoch: z.string().max(64),
  positions: z
    .record(z.string().regex(/^\d{1,4}$/), z.int().min(0))
    .refine((positions) => Object.keys(positions).length <= 1024, 'has too many partitions'),
});
export type TopicPosition = z.infer<typeof topicPositionSchema>;

/** The answer to a subscription that asked to resume a channel. */
export interface Resumed extends TopicPosition {
  /** Whether all missed events were sent. Absent for a first subscription. */
  readonly recovered?: boolean;
}

/** The id of a user on presence channels: as the app's back end wrote it. */
export const userIdSchema = z.union([z.string().min(1).max(128), z.number()]);
export type UserId = z.infer<typeof userIdSchema>;

/** A member of a presence channel. */
export const presenceMemberSchema = z.object({
  user_id: userIdSchema,
  user_info: z.unknown().optional(),
});
export type PresenceMember = z.infer<typeof presenceMemberSchema>;
