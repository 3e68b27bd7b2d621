import { isSocketId, ProblemError, parsePusherChannel } from '@mevrik/protocol';
import { z } from 'zod';

const maxChannelsPerEvent = 100;
const maxEventsPerBatch = 10;

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((event) => !/^pusher(_internal)?:/.test(event), 'names starting with pusher: are reserved');
const channel = z
  .string()
  .refine((text) => parsePusherChannel(text) !== undefined, 'is not a valid channel name');
const common = {
  name,
  data: z.union([z.string(), z.json().transform((value) => JSON.stringify(value))]),
  socket_id: z.string().refine(isSocketId, 'is not a valid socket id').nullish(),
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
  .refine(({ channels }) => channels.length > 0, { path: ['channels'], message: 'is required' });
const batchSchema = z.object({ batch: z.array(z.object({ ...common, channel })).max(maxEventsPerBatch) });

/** An event sent by a back end. */
export interface TriggeredEvent {
  readonly channels: readonly string[];
  readonly name: string;
  readonly data: string;
  readonly socket_id?: string | null | undefined;
  readonly info?: string | null | undefined;
}

/** Reads the body of `POST /events`. @throws ProblemError `bad_request`. */
export function readEvent(body: unknown): TriggeredEvent {
  return parse(eventSchema, body);
}

/** Reads the body of `POST /batch_events`. @throws ProblemError `bad_request`. */
export function readBatch(body: unknown): readonly TriggeredEvent[] {
  return parse(batchSchema, body).batch.map(({ channel, ...event }) => ({ ...event, channels: [channel] }));
}

/** A validation error: 400, because Pusher's libraries do not know 422. */
export function badRequest(path: string, message: string): ProblemError {
  return new ProblemError('bad_request', `${path}: ${message}.`, { fields: [{ path, message }] });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new ProblemError('bad_request', 'The event is not valid.', { cause: parsed.error, fields });
}
