import { z } from 'zod';
import { isSocketId, parsePusherChannel } from '../wire/frames.ts';

// The names in this file are Pusher’s.

/** The body of `POST /broadcasting/auth`. */
export const pusherSubscriptionAuthBody = z.object({ socket_id: z.string(), channel_name: z.string() });

/** The body of `POST /broadcasting/user-auth`. */
export const pusherUserAuthBody = z.object({ socket_id: z.string() });

/** The proof that a client sends to subscribe; `channel_data` only for presence channels. */
export const pusherSubscriptionAuthSchema = z.object({
  auth: z.string(),
  channel_data: z.string().optional(),
});
export type PusherSubscriptionAuth = z.infer<typeof pusherSubscriptionAuthSchema>;

/** The proof that a client sends to sign in. */
export const pusherUserAuthSchema = z.object({ auth: z.string(), user_data: z.string() });
export type PusherUserAuth = z.infer<typeof pusherUserAuthSchema>;

/** The app in the path of Pusher's HTTP API: any text, because unknown apps get the same response as invalid ones. */
export const pusherAppParams = z.object({ appId: z.string() });
/** A channel of an app in the path. */
export const pusherChannelParams = pusherAppParams.extend({ name: z.string() });
/** A user of an app in the path. */
export const pusherUserParams = pusherAppParams.extend({ userId: z.string() });

const maxChannelsPerEvent = 100;
const maxEventsPerBatch = 10;

const channelName = z
  .string()
  .refine((text) => parsePusherChannel(text) !== undefined, 'is not a valid channel name');
const eventFields = {
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((event) => !/^pusher(_internal)?:/.test(event), 'names starting with pusher: are reserved'),
  data: z.union([z.string(), z.json().transform((value) => JSON.stringify(value))]),
  socket_id: z.string().refine(isSocketId, 'is not a valid socket id').nullish(),
  info: z.string().max(200).nullish(),
};

/** The body of `POST /apps/{id}/events`; `channel` is the older way to name a single channel. */
export const pusherEventBody = z
  .object({
    ...eventFields,
    channel: channelName.nullish(),
    channels: z.array(channelName).max(maxChannelsPerEvent).nullish(),
  })
  .transform(({ channel, channels, ...rest }) => ({
    ...rest,
    channels: channels ?? (channel ? [channel] : []),
  }))
  .refine(({ channels }) => channels.length > 0, { path: ['channels'], message: 'is required' });

/** The body of `POST /apps/{id}/batch_events`. */
export const pusherBatchBody = z.object({
  batch: z.array(z.object({ ...eventFields, channel: channelName })).max(maxEventsPerBatch),
});

/** The attributes of a channel that were requested with `info` and that this kind of channel has. */
export const pusherChannelAttributesSchema = z.object({
  occupied: z.boolean().optional(),
  user_count: z.int().optional(),
  subscription_count: z.int().optional(),
  cache: z.object({ event: z.string(), data: z.string() }).optional(),
});
export type PusherChannelAttributes = z.infer<typeof pusherChannelAttributesSchema>;

/** The channels of an app by name. */
export const pusherChannelsSchema = z.object({
  channels: z.record(z.string(), pusherChannelAttributesSchema),
});
export type PusherChannels = z.infer<typeof pusherChannelsSchema>;

/** The result of an event: the channels' attributes, if it requested `info`. */
export const pusherEventResultSchema = pusherChannelsSchema.partial();
export type PusherEventResult = z.infer<typeof pusherEventResultSchema>;

/** The result of a batch: the attributes of each event's channel, if one of the events requested `info`. */
export const pusherBatchResultSchema = z.object({
  batch: z.array(pusherChannelAttributesSchema).readonly().optional(),
});
export type PusherBatchResult = z.infer<typeof pusherBatchResultSchema>;

/** The members of a presence channel. */
export const pusherUsersSchema = z.object({
  users: z.array(z.object({ id: z.string() })).readonly(),
});
export type PusherUsers = z.infer<typeof pusherUsersSchema>;

/** The response to an operation that returns nothing. */
export const pusherDoneSchema = z.object({});
