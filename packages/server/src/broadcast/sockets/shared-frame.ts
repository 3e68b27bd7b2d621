import { type ServerFrame, userOfOnlineChannel } from '@mevrik/protocol';
import type { BroadcastMessage, PusherMessage } from '../bus/broadcast-message.ts';
import { deflatedFrame, textFrame } from './frame-encoder.ts';

/** A message encoded for the subscribers of one channel: one frame for all, and one for those with compression. */
export class SharedFrame {
  readonly plain: Buffer;
  readonly #json: string;
  #deflated: Buffer | undefined;

  /** @param data the message's data as JSON; the protocol carries it as a string. */
  constructor(message: BroadcastMessage | PusherMessage, channel: string, data: string) {
    this.#json = jsonOf(message, channel, data);
    this.plain = textFrame(this.#json);
  }

  /** Compressed on first use; the plain frame when compression gains nothing. */
  get deflated(): Buffer {
    this.#deflated ??= deflatedFrame(this.#json) ?? this.plain;
    return this.#deflated;
  }
}

function jsonOf(message: BroadcastMessage | PusherMessage, channel: string, data: string): string {
  const frame: ServerFrame = {
    event: message.event,
    ...(userOfOnlineChannel(channel) === undefined ? { channel } : {}),
    data,
    ...('userId' in message && message.userId !== undefined ? { user_id: message.userId } : {}),
    ...('eventId' in message && message.eventId !== undefined ? { id: message.eventId } : {}),
    ...('at' in message && message.at !== undefined ? { at: message.at } : {}),
  };
  return JSON.stringify(frame);
}
