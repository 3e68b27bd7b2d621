import { channelNamesOf, type PusherChannel } from '@mevrik/protocol';
import type { BroadcastMessage, ChannelMessage } from './broadcast-message.ts';
import type { Bus } from './bus.ts';
import { keyOf } from './channel-key.ts';
import { encodeFrame } from './frame-encoder.ts';

/** Somebody who can hear channels: a client's connection. */
export interface Subscriber {
  readonly id: string;
  /** Takes a whole frame. Must not throw. */
  send(frame: Buffer): void;
}

interface Channel {
  readonly appId: number;
  readonly info: PusherChannel;
  readonly subscribers: Set<Subscriber>;
  /** Those whose subscription is not confirmed yet, with what they will hear right after the confirmation. */
  readonly pending: Map<Subscriber, Buffer[]>;
}

/** A channel as inspection shows it. */
export interface ChannelCount {
  readonly appId: number;
  readonly name: string;
  readonly subscribers: number;
}

/** Which connections of this node hear which channels. */
export class Hub {
  readonly #bus: Bus;
  readonly #channels = new Map<string, Channel>();
  /** How many channels of this node belong to each topic. */
  readonly #topics = new Map<string, number>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Begins a subscription: from when this resolves, nothing is missed; what comes before `confirm` is held back.
   */
  async subscribe(appId: number, info: PusherChannel, subscriber: Subscriber): Promise<void> {
    const key = keyOf(appId, info.name);
    let channel = this.#channels.get(key);
    if (!channel) {
      channel = { appId, info, subscribers: new Set(), pending: new Map() };
      this.#channels.set(key, channel);
      this.#countTopic(appId, info.topic, 1);
    }
    channel.pending.set(subscriber, []);
    await this.#bus.hear(appId, info.topic);
  }

  /** Lets a subscriber hear the channel from now on, beginning with what was held back. */
  confirm(appId: number, name: string, subscriber: Subscriber): void {
    const channel = this.#channels.get(keyOf(appId, name));
    const held = channel?.pending.get(subscriber);
    if (!channel || !held) return;
    channel.pending.delete(subscriber);
    channel.subscribers.add(subscriber);
    this.#bus.occupancy.set(appId, name, channel.subscribers.size);
    for (const frame of held) subscriber.send(frame);
  }

  /** Ends a subscription, confirmed or not. */
  unsubscribe(appId: number, name: string, subscriber: Subscriber): void {
    const key = keyOf(appId, name);
    const channel = this.#channels.get(key);
    if (!channel) return;
    if (channel.subscribers.delete(subscriber)) {
      this.#bus.occupancy.set(appId, name, channel.subscribers.size);
    }
    channel.pending.delete(subscriber);
    if (channel.subscribers.size + channel.pending.size > 0) return;
    this.#channels.delete(key);
    this.#countTopic(appId, channel.info.topic, -1);
  }

  /** Hands a message to all who hear it; each channel's frame is encoded once, and only where somebody hears it. */
  deliver(message: BroadcastMessage | ChannelMessage): void {
    if ('channel' in message) {
      this.#send(message, message.channel, () => message.data);
      return;
    }
    let data: string | undefined;
    const encode = () => {
      data ??= JSON.stringify(message.payload);
      return data;
    };
    for (const name of channelNamesOf(message.topic)) this.#send(message, name, encode);
  }

  /** All channels that are heard on this node. */
  list(): ChannelCount[] {
    return [...this.#channels.values()].map(({ appId, info, subscribers }) => ({
      appId,
      name: info.name,
      subscribers: subscribers.size,
    }));
  }

  /** Removes channels that nobody hears. There are none unless a subscription was cut off half-way. */
  sweep(): void {
    for (const [key, channel] of this.#channels) {
      if (channel.subscribers.size + channel.pending.size > 0) continue;
      this.#channels.delete(key);
      this.#countTopic(channel.appId, channel.info.topic, -1);
    }
  }

  #send(message: BroadcastMessage | ChannelMessage, name: string, data: () => string): void {
    const channel = this.#channels.get(keyOf(message.appId, name));
    if (!channel) return;
    const frame = encodeFrame({
      event: message.event,
      channel: name,
      data: data(),
      ...('userId' in message && message.userId !== undefined ? { user_id: message.userId } : {}),
      ...('eventId' in message && message.eventId !== undefined ? { id: message.eventId } : {}),
    });
    const except = message.exceptSocketId;
    for (const subscriber of channel.subscribers) if (subscriber.id !== except) subscriber.send(frame);
    for (const [subscriber, held] of channel.pending) if (subscriber.id !== except) held.push(frame);
  }

  #countTopic(appId: number, topic: string, change: 1 | -1): void {
    const key = keyOf(appId, topic);
    const count = (this.#topics.get(key) ?? 0) + change;
    if (count > 0) {
      this.#topics.set(key, count);
      return;
    }
    this.#topics.delete(key);
    this.#bus.unhear(appId, topic);
  }
}
