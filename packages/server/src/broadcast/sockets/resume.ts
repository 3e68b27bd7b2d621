import { type PusherChannel, type Resumed, topicPositionSchema } from '@mevrik/protocol';
import { z } from 'zod';
import type { BroadcastMessage } from '../bus/broadcast-message.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import { SharedFrame } from './shared-frame.ts';

/** The `resume` field of a subscription: `{}`, or the client's last position. */
export const resumeSchema = z.union([
  topicPositionSchema,
  z.strictObject({}).transform(() => 'from now on' as const),
]);

/** Maximum bytes buffered for a client before it is sent more missed messages. */
const portionBytes = 65_536;

/**
 * Sends a client the messages it has missed on a channel, as fast as it reads.
 * @returns its new position; `undefined` for a channel without history.
 */
export async function sendMissed(
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

/** Many clients that reconnect have missed the same messages: each is encoded once. */
function frameOf(message: BroadcastMessage, channel: string): SharedFrame {
  const known = frames.get(message) ?? new Map<string, SharedFrame>();
  frames.set(message, known);
  const frame = known.get(channel) ?? new SharedFrame(message, channel, JSON.stringify(message.payload));
  known.set(channel, frame);
  return frame;
}
