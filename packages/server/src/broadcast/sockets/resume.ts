import { type PusherChannel, type Resumed, topicPositionSchema } from '@mevrik/protocol';
import { z } from 'zod';
import type { BroadcastMessage } from '../bus/broadcast-message.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import { SharedFrame } from './message-encoder.ts';

/** What a client that wants to miss nothing adds to its subscription: `{}`, or where it stood. */
export const resumeSchema = z.union([
  topicPositionSchema,
  z.strictObject({}).transform(() => 'from now on' as const),
]);

/** What may wait for a client before it is sent more of what it missed. */
const portionBytes = 65_536;

/**
 * Sends a client what it has missed of a channel, as fast as it reads.
 * @returns where it then stands; `undefined` where nothing of the channel is kept.
 */
export async function tellMissed(
  { history }: ClientFrameDeps,
  socket: ClientSocket,
  { name, topic }: PusherChannel,
  resume: z.infer<typeof resumeSchema>,
): Promise<Resumed | undefined> {
  const from = resume === 'from now on' ? undefined : resume;
  const recovery = await history.resume({ appId: socket.app.id, topic, from });
  if (!recovery) return undefined;
  const { missed, ...resumed } = recovery;
  for (const message of missed) {
    if (!socket.isOpen) break;
    const frame = frameOf(message, name);
    socket.send(socket.isCompressed ? frame.deflated : frame.plain);
    if (socket.bufferedBytes > portionBytes) await socket.drained();
  }
  return resumed;
}

const frames = new WeakMap<BroadcastMessage, Map<string, SharedFrame>>();

/** A crowd that comes back has missed the same messages: each is encoded once. */
function frameOf(message: BroadcastMessage, channel: string): SharedFrame {
  const known = frames.get(message) ?? new Map<string, SharedFrame>();
  frames.set(message, known);
  const frame = known.get(channel) ?? new SharedFrame(message, channel, JSON.stringify(message.payload));
  known.set(channel, frame);
  return frame;
}
