import { channelNamesOf, type GatewayTopic, type PusherChannel } from '@mevrik/protocol';
import type { BroadcastMessage, PusherMessage } from '../bus/broadcast-message.ts';
import type { Bus } from '../bus/bus.ts';
import { type Flow, FlowMeter, type Traffic } from '../bus/rate-meter.ts';
import { keyOf } from '../bus/topic-key.ts';
import { SharedFrame } from './shared-frame.ts';

/** A client's connection, as the hub uses it. */
export interface Subscriber {
  readonly id: string;
  /** Whether it accepts compressed frames. */
  readonly isCompressed: boolean;
  /** Sends a whole frame. Must not throw. */
  send(frame: Buffer): void;
  /** Called when too much is held for an unconfirmed subscription. */
  overflow(): void;
}

interface Channel {
  readonly appId: number;
  readonly info: PusherChannel;
  readonly topic: SubscribedTopic;
  readonly subscribers: Set<Subscriber>;
  /** Subscribers whose subscription is not confirmed yet, with the frames held for them. */
  pending: Map<Subscriber, HeldFrames> | undefined;
  /** Observers that are not subscribers. */
  taps: Set<Tap> | undefined;
  /** Up to which change of the members a subscriber's list goes; those changes are not sent to it. */
  listedUpTo: Map<Subscriber, number> | undefined;
  /** Traffic to its subscribers; `undefined` while there was none. */
  sent: FlowMeter | undefined;
}

/** An observer of a topic: receives each message with the number of receiving connections. Must not throw. */
export type Tap = (message: TappedMessage) => void;

/** A message on a topic, as an observer receives it. */
export interface TappedMessage {
  /** The topic's name on the wire. */
  readonly topic: string;
  readonly event: string;
  readonly data: string;
  readonly userId?: string;
  readonly eventId?: string;
  readonly subscribers: number;
  /** Size of the frame that each of them received. */
  readonly bytes: number;
}

/** Frames held for a subscriber. */
interface HeldFrames {
  readonly frames: { readonly frame: Buffer; readonly order: number | undefined }[];
  bytes: number;
}

/** A topic that this node is subscribed to. */
interface SubscribedTopic {
  channels: number;
  /** The last offset delivered per partition of the log: duplicates are dropped. */
  delivered: Map<number, number> | undefined;
}

const noFlow: Flow = { messages: 0, bytes: 0, messagesPerSecond: 0, bytesPerSecond: 0 };

/** The subscriptions of this node's connections. */
export class Hub {
  readonly #bus: Bus;
  readonly #channels = new Map<string, Channel>();
  readonly #topics = new Map<string, SubscribedTopic>();
  readonly #traffic: Traffic;
  readonly #maxHeldBytes: number;

  /** @param maxHeldBytes maximum bytes held for one subscription. */
  constructor(bus: Bus, traffic: Traffic, maxHeldBytes: number) {
    this.#bus = bus;
    this.#traffic = traffic;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /**
   * Starts a subscription: once this resolves, nothing is missed; messages are held until `confirm`.
   */
  async subscribe(appId: number, info: PusherChannel, subscriber: Subscriber): Promise<void> {
    const channel = this.#enter(appId, info);
    channel.pending ??= new Map();
    channel.pending.set(subscriber, { frames: [], bytes: 0 });
    await this.#bus.subscribe(appId, info.topic);
  }

  /** Observes a channel, whether it has subscribers or not. The returned function ends that. */
  async tap(appId: number, info: PusherChannel, tap: Tap): Promise<() => void> {
    const channel = this.#enter(appId, info);
    channel.taps ??= new Set();
    channel.taps.add(tap);
    await this.#bus.subscribe(appId, info.topic);
    return () => {
      if (channel.taps?.delete(tap) && isEmpty(channel)) this.#remove(keyOf(appId, info.name), channel);
    };
  }

  /**
   * Confirms a subscription and sends the held messages, without changes of members up to `listedUpTo`: the list that
   * the subscriber received includes them.
   */
  confirm(appId: number, name: string, subscriber: Subscriber, listedUpTo = 0): void {
    const channel = this.#channels.get(keyOf(appId, name));
    const held = channel?.pending?.get(subscriber);
    if (!channel || !held) return;
    leavePending(channel, subscriber);
    channel.subscribers.add(subscriber);
    this.#count(channel);
    if (listedUpTo > 0) {
      channel.listedUpTo ??= new Map();
      channel.listedUpTo.set(subscriber, listedUpTo);
    }
    for (const { frame, order } of held.frames) if (!isListed(listedUpTo, order)) subscriber.send(frame);
  }

  /** Ends a subscription, confirmed or not. */
  unsubscribe(appId: number, name: string, subscriber: Subscriber): void {
    const key = keyOf(appId, name);
    const channel = this.#channels.get(key);
    if (!channel) return;
    if (channel.subscribers.delete(subscriber)) this.#count(channel);
    channel.listedUpTo?.delete(subscriber);
    leavePending(channel, subscriber);
    if (isEmpty(channel)) this.#remove(key, channel);
  }

  /** Delivers a message to all its subscribers; each channel's frame is encoded once, and only if it has subscribers. */
  deliver(message: BroadcastMessage | PusherMessage): void {
    if ('channel' in message) {
      this.#send(message, message.channel, () => message.data);
      return;
    }
    const topic = this.#topics.get(keyOf(message.appId, message.topic));
    if (!topic || !isUndelivered(topic, message.at)) return;
    let data: string | undefined;
    const encode = () => {
      data ??= JSON.stringify(message.payload);
      return data;
    };
    for (const name of channelNamesOf(message.topic)) this.#send(message, name, encode);
  }

  /** All topics with subscribers on this node, by their names on the wire, except internal ones. */
  *topics(): Iterable<GatewayTopic> {
    for (const { appId, info, subscribers, sent } of this.#channels.values()) {
      if (info.name.startsWith('#') || subscribers.size === 0) continue;
      const { name, kind } = info;
      yield { appId, name, kind, subscribers: subscribers.size, sent: sent?.read() ?? noFlow };
    }
  }

  /** Forgets which offsets were delivered: the log is another one now, and hands them out again. */
  forgetDelivered(): void {
    for (const topic of this.#topics.values()) topic.delivered = undefined;
  }

  /** Removes empty channels. There are none unless a subscription was interrupted. */
  sweep(): void {
    for (const [key, channel] of this.#channels) {
      if (isEmpty(channel)) this.#remove(key, channel);
    }
  }

  #send(message: BroadcastMessage | PusherMessage, name: string, data: () => string): void {
    const channel = this.#channels.get(keyOf(message.appId, name));
    if (!channel) return;
    const text = data();
    const frame = new SharedFrame(message, name, text);
    const { length } = frame.plain;
    const except = message.exceptSocketId;
    const order = 'order' in message ? message.order : undefined;
    for (const subscriber of channel.subscribers) {
      if (subscriber.id === except || isListed(channel.listedUpTo?.get(subscriber), order)) continue;
      subscriber.send(subscriber.isCompressed ? frame.deflated : frame.plain);
    }
    for (const tap of channel.taps ?? []) tap(tapped(message, name, text, channel.subscribers.size, length));
    const [count, bytes] = [channel.subscribers.size, channel.subscribers.size * length];
    channel.sent ??= new FlowMeter();
    channel.sent.add(count, bytes);
    this.#traffic.of(message.appId).sent.add(count, bytes);
    for (const [subscriber, held] of channel.pending ?? []) {
      if (subscriber.id === except) continue;
      held.bytes += length;
      if (held.bytes <= this.#maxHeldBytes) held.frames.push({ frame: frame.plain, order });
      else subscriber.overflow();
    }
  }

  /** Internal channels are not counted. */
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
      listedUpTo: undefined,
      sent: undefined,
    };
    this.#channels.set(key, channel);
    return channel;
  }

  #enterTopic(appId: number, name: string): SubscribedTopic {
    const key = keyOf(appId, name);
    const topic = this.#topics.get(key) ?? { channels: 0, delivered: undefined };
    topic.channels += 1;
    this.#topics.set(key, topic);
    return topic;
  }

  #remove(key: string, { appId, info, topic }: Channel): void {
    this.#channels.delete(key);
    topic.channels -= 1;
    if (topic.channels > 0) return;
    this.#topics.delete(keyOf(appId, info.topic));
    this.#bus.unsubscribe(appId, info.topic);
  }
}

/** Whether a list of members that goes up to a change includes the change of this order. */
function isListed(listedUpTo: number | undefined, order: number | undefined): boolean {
  return order !== undefined && listedUpTo !== undefined && order <= listedUpTo;
}

function isEmpty({ subscribers, pending, taps }: Channel): boolean {
  return subscribers.size + (pending?.size ?? 0) + (taps?.size ?? 0) === 0;
}

/** Most channels have no pending subscribers: an empty map would be a quarter of a channel's size. */
function leavePending(channel: Channel, subscriber: Subscriber): void {
  channel.pending?.delete(subscriber);
  if (channel.pending?.size === 0) channel.pending = undefined;
}

function tapped(
  message: BroadcastMessage | PusherMessage,
  topic: string,
  data: string,
  subscribers: number,
  bytes: number,
): TappedMessage {
  return {
    topic,
    event: message.event,
    data,
    ...('userId' in message && message.userId !== undefined ? { userId: String(message.userId) } : {}),
    ...('eventId' in message && message.eventId !== undefined ? { eventId: message.eventId } : {}),
    subscribers,
    bytes,
  };
}

/** Whether a log event has not been delivered on this topic yet; marks it as delivered. */
function isUndelivered(topic: SubscribedTopic, at: BroadcastMessage['at']): boolean {
  if (!at) return true;
  const [partition, offset] = at;
  topic.delivered ??= new Map();
  if (offset <= (topic.delivered.get(partition) ?? -1)) return false;
  topic.delivered.set(partition, offset);
  return true;
}
