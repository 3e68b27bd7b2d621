import { channelNamesOf, type GatewayTopic, type PusherChannel } from '@mevrik/protocol';
import type { BroadcastMessage, ChannelMessage } from '../bus/broadcast-message.ts';
import type { Bus } from '../bus/bus.ts';
import { type Flow, FlowMeter, type Traffic } from '../bus/rate-meter.ts';
import { keyOf } from '../bus/topic-key.ts';
import { SharedFrame } from './message-encoder.ts';

/** Somebody who can hear channels: a client's connection. */
export interface Subscriber {
  readonly id: string;
  /** Takes compressed frames. */
  readonly isCompressed: boolean;
  /** Takes a whole frame. Must not throw. */
  send(frame: Buffer): void;
  /** Called when more waits for the end of a subscription's beginning than may. */
  overflow(): void;
}

interface Channel {
  readonly appId: number;
  readonly info: PusherChannel;
  readonly topic: HeardTopic;
  readonly subscribers: Set<Subscriber>;
  /** Those whose subscription is not confirmed yet, with what they will hear right after the confirmation. */
  pending: Map<Subscriber, Held> | undefined;
  /** Those who look on without being subscribers. */
  taps: Set<Tap> | undefined;
  /** What went to its subscribers; `undefined` while nothing did. */
  sent: FlowMeter | undefined;
}

/** Somebody who looks on: gets each message with how many connections it went to. Must not throw. */
export type Tap = (message: TappedMessage) => void;

/** A message on a channel, as one who looks on gets it. */
export interface TappedMessage {
  readonly channel: string;
  readonly event: string;
  readonly data: string;
  readonly userId?: string;
  readonly eventId?: string;
  readonly subscribers: number;
  /** Of the frame that each of them got. */
  readonly bytes: number;
}

/** What is held back for a subscriber. */
interface Held {
  readonly frames: Buffer[];
  bytes: number;
}

/** A topic that channels of this node belong to. */
interface HeardTopic {
  channels: number;
  /** In each partition of the log, the last offset that was told: what comes again is not told again. */
  told: Map<number, number> | undefined;
}

const noFlow: Flow = { messages: 0, bytes: 0, messagesPerSecond: 0, bytesPerSecond: 0 };

/** Which connections of this node hear which channels. */
export class Hub {
  readonly #bus: Bus;
  readonly #channels = new Map<string, Channel>();
  readonly #topics = new Map<string, HeardTopic>();
  readonly #traffic: Traffic;
  readonly #maxHeldBytes: number;

  /** @param maxHeldBytes what may be held back for one subscription. */
  constructor(bus: Bus, traffic: Traffic, maxHeldBytes: number) {
    this.#bus = bus;
    this.#traffic = traffic;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /**
   * Begins a subscription: from when this resolves, nothing is missed; what comes before `confirm` is held back.
   */
  async subscribe(appId: number, info: PusherChannel, subscriber: Subscriber): Promise<void> {
    const channel = this.#enter(appId, info);
    channel.pending ??= new Map();
    channel.pending.set(subscriber, { frames: [], bytes: 0 });
    await this.#bus.hear(appId, info.topic);
  }

  /** Looks on at a channel, whether anybody hears it or not; the function that is given ends that. */
  async tap(appId: number, info: PusherChannel, tap: Tap): Promise<() => void> {
    const channel = this.#enter(appId, info);
    channel.taps ??= new Set();
    channel.taps.add(tap);
    await this.#bus.hear(appId, info.topic);
    return () => {
      if (channel.taps?.delete(tap) && isEmpty(channel)) this.#remove(keyOf(appId, info.name), channel);
    };
  }

  /** Lets a subscriber hear the channel from now on, beginning with what was held back. */
  confirm(appId: number, name: string, subscriber: Subscriber): void {
    const channel = this.#channels.get(keyOf(appId, name));
    const held = channel?.pending?.get(subscriber);
    if (!channel || !held) return;
    leavePending(channel, subscriber);
    channel.subscribers.add(subscriber);
    this.#count(channel);
    for (const frame of held.frames) subscriber.send(frame);
  }

  /** Ends a subscription, confirmed or not. */
  unsubscribe(appId: number, name: string, subscriber: Subscriber): void {
    const key = keyOf(appId, name);
    const channel = this.#channels.get(key);
    if (!channel) return;
    if (channel.subscribers.delete(subscriber)) this.#count(channel);
    leavePending(channel, subscriber);
    if (isEmpty(channel)) this.#remove(key, channel);
  }

  /** Hands a message to all who hear it; each channel's frame is encoded once, and only where somebody hears it. */
  deliver(message: BroadcastMessage | ChannelMessage): void {
    if ('channel' in message) {
      this.#send(message, message.channel, () => message.data);
      return;
    }
    const topic = this.#topics.get(keyOf(message.appId, message.topic));
    if (!topic || !isNews(topic, message.at)) return;
    let data: string | undefined;
    const encode = () => {
      data ??= JSON.stringify(message.payload);
      return data;
    };
    for (const name of channelNamesOf(message.topic)) this.#send(message, name, encode);
  }

  /** All channels that are heard on this node, those of the protocol's own left out. */
  *channels(): Iterable<GatewayTopic> {
    for (const { appId, info, subscribers, sent } of this.#channels.values()) {
      if (info.name.startsWith('#') || subscribers.size === 0) continue;
      const { name, kind } = info;
      yield { appId, name, kind, subscribers: subscribers.size, sent: sent?.read() ?? noFlow };
    }
  }

  /** Removes channels that nobody hears. There are none unless a subscription was cut off half-way. */
  sweep(): void {
    for (const [key, channel] of this.#channels) {
      if (isEmpty(channel)) this.#remove(key, channel);
    }
  }

  #send(message: BroadcastMessage | ChannelMessage, name: string, data: () => string): void {
    const channel = this.#channels.get(keyOf(message.appId, name));
    if (!channel) return;
    const text = data();
    const frame = new SharedFrame(message, name, text);
    const { length } = frame.plain;
    const except = message.exceptSocketId;
    for (const subscriber of channel.subscribers) {
      if (subscriber.id !== except) subscriber.send(subscriber.isCompressed ? frame.deflated : frame.plain);
    }
    for (const tap of channel.taps ?? []) tap(tapped(message, name, text, channel.subscribers.size, length));
    const [count, bytes] = [channel.subscribers.size, channel.subscribers.size * length];
    channel.sent ??= new FlowMeter();
    channel.sent.add(count, bytes);
    this.#traffic.of(message.appId).sent.add(count, bytes);
    for (const [subscriber, held] of channel.pending ?? []) {
      if (subscriber.id === except) continue;
      held.bytes += length;
      if (held.bytes <= this.#maxHeldBytes) held.frames.push(frame.plain);
      else subscriber.overflow();
    }
  }

  /** Channels of the protocol's own are nobody's business. */
  #count({ appId, info, subscribers }: Channel): void {
    if (!info.name.startsWith('#')) this.#bus.occupancy.set(appId, info.name, subscribers.size);
  }

  #enter(appId: number, info: PusherChannel): Channel {
    const key = keyOf(appId, info.name);
    const known = this.#channels.get(key);
    if (known) return known;
    const channel: Channel = {
      appId,
      info,
      topic: this.#enterTopic(appId, info.topic),
      subscribers: new Set(),
      pending: undefined,
      taps: undefined,
      sent: undefined,
    };
    this.#channels.set(key, channel);
    return channel;
  }

  #enterTopic(appId: number, name: string): HeardTopic {
    const key = keyOf(appId, name);
    const topic = this.#topics.get(key) ?? { channels: 0, told: undefined };
    topic.channels += 1;
    this.#topics.set(key, topic);
    return topic;
  }

  #remove(key: string, { appId, info, topic }: Channel): void {
    this.#channels.delete(key);
    topic.channels -= 1;
    if (topic.channels > 0) return;
    this.#topics.delete(keyOf(appId, info.topic));
    this.#bus.unhear(appId, info.topic);
  }
}

function isEmpty({ subscribers, pending, taps }: Channel): boolean {
  return subscribers.size + (pending?.size ?? 0) + (taps?.size ?? 0) === 0;
}

/** Most channels have nobody pending most of the time: an empty map for each of them would be a quarter of its size. */
function leavePending(channel: Channel, subscriber: Subscriber): void {
  channel.pending?.delete(subscriber);
  if (channel.pending?.size === 0) channel.pending = undefined;
}

function tapped(
  message: BroadcastMessage | ChannelMessage,
  channel: string,
  data: string,
  subscribers: number,
  bytes: number,
): TappedMessage {
  return {
    channel,
    event: message.event,
    data,
    ...('userId' in message && message.userId !== undefined ? { userId: message.userId } : {}),
    ...('eventId' in message && message.eventId !== undefined ? { eventId: message.eventId } : {}),
    subscribers,
    bytes,
  };
}

/** Whether what the log tells was not told on this topic before; from then on it was. */
function isNews(topic: HeardTopic, at: BroadcastMessage['at']): boolean {
  if (!at) return true;
  const [partition, offset] = at;
  topic.told ??= new Map();
  if (offset <= (topic.told.get(partition) ?? -1)) return false;
  topic.told.set(partition, offset);
  return true;
}
