import { parsePusherChannel } from '@mevrik/protocol';
import type { BusMessage } from './broadcast-message.ts';
import { createLocalCache, type EventCache } from './event-cache.ts';
import { createLocalRegister, type NotifiedRegister } from './notified-register.ts';
import { createProcessOccupancy, type Occupancy } from './occupancy.ts';
import { createProcessPresence, type Presence } from './presence.ts';

/** Handles a message from the bus. Must not throw. */
export type BusReceiver = (message: BusMessage) => void;

/**
 * Connects the gateways of all nodes: carries messages and shared state. Lost messages are not repeated: the log is the
 * source of truth.
 */
export interface Bus {
  /** Delivers messages in order to every gateway subscribed to their topics; always to this node's own gateway. */
  publish(messages: readonly BusMessage[]): Promise<void>;
  /**
   * Delivers to this node's gateway the log events of these partitions that other nodes have published before. A node
   * that takes over partitions calls it before it publishes newer events of them. Rejects if the log cannot be read.
   */
  catchUp(partitions: readonly number[]): Promise<void>;
  /** The log is another one now, which gives positions of the former one to new events. */
  forgetPositions(): void;
  /**
   * Resolves when no other node can miss any message published before the call, which can take until the bus is
   * reconnected. This is guaranteed for log events and best effort for other messages.
   */
  reached(): Promise<void>;
  /**
   * Registers the gateway of this process; one only. `onMissed` is called when messages were missed that cannot be
   * recovered.
   */
  receive(receiver: BusReceiver, onMissed: () => void): void;
  /**
   * Subscribes this node to a topic. Messages published after this has resolved arrive. It also resolves while the bus
   * is disconnected; the subscription is then made on reconnection.
   */
  subscribe(appId: number, topic: string): Promise<void>;
  unsubscribe(appId: number, topic: string): void;
  /** Whether the other nodes are reached now; true if there can be none. */
  isConnected(): boolean;
  /** The members of all presence channels, on all nodes. */
  readonly presence: Presence;
  /** The number of subscribers per channel, on all nodes. */
  readonly occupancy: Occupancy;
  /** What webhooks have notified back ends of. */
  readonly notified: NotifiedRegister;
  /** The last event of each cache channel, shared by all nodes. */
  readonly cache: EventCache;
  /** Closes its connections; nothing is received afterwards. */
  stop(): Promise<void>;
}

/** A bus for a single process. */
export function createLocalBus(): Bus {
  let receiver: BusReceiver = () => {};
  return {
    async publish(messages) {
      for (const message of messages) receiver(message);
    },
    async catchUp() {},
    forgetPositions() {},
    async reached() {},
    isConnected: () => true,
    receive(next) {
      receiver = next;
    },
    async subscribe() {},
    unsubscribe() {},
    presence: createProcessPresence((message) => receiver(message)),
    occupancy: createProcessOccupancy(),
    notified: createLocalRegister(),
    cache: createLocalCache(),
    async stop() {
      receiver = () => {};
    },
  };
}

/** The app and topic a message is addressed to; `undefined` for a message to all nodes. */
export function addressOf(
  message: BusMessage,
): { readonly appId: number; readonly topic: string } | undefined {
  if ('topic' in message) return message;
  if (!('channel' in message)) return undefined;
  return { appId: message.appId, topic: topicOf(message.channel) };
}

/** The topic of a Pusher channel. */
export function topicOf(channel: string): string {
  return parsePusherChannel(channel)?.topic ?? channel;
}
