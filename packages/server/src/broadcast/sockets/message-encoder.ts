import { type ServerFrame, userOfOnlineChannel } from '@mevrik/protocol';
import type { BroadcastMessage, ChannelMessage } from '../bus/broadcast-message.ts';
import { deflatedFrame, textFrame } from './frame-encoder.ts';

/** A message as the subscribers of one channel get it: one frame for all of them, and one for those that compress. */
export class SharedFrame {
  readonly plain: Buffer;
  readonly #json: string;
  #deflated: Buffer | undefined;

  /** @param data the message's data as JSON, put in as a text, as the protocol has it. */
  constructor(message: BroadcastMessage | ChannelMessage, channel: string, data: string) {
    this.#json = jsonOf(message, channel, data);
    this.plain = textFrame(this.#json);
  }

  /** Made when the first subscriber takes it; the plain one where compressing gains nothing. */
  get deflated(): Buffer {
    this.#deflated ??= deflatedFrame(this.#json) ?? this.plain;
    return this.#deflated;
  }
}

function jsonOf(message: BroadcastMessage | ChannelMessage, channel: string, data: string): string {
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
