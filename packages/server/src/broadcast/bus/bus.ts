import { parsePusherChannel } from '@mevrik/protocol';
import type { BusMessage } from './broadcast-message.ts';
import { createLocalCache, type EventCache } from './event-cache.ts';
import { createLocalRegister, type ToldRegister } from './notified-register.ts';
import { createProcessOccupancy, type Occupancy } from './occupancy.ts';
import { createProcessPresence, type Presence } from './presence.ts';

/** Takes what comes over the bus. Must not throw. */
export type BusReceiver = (message: BusMessage) => void;

/**
 * Connects the gateways of all nodes: carries messages to them, and what they must know in common. What is lost on the way is not repeated: the truth is in the log.
 */
export interface Bus {
  /** Hands messages to every gateway that hears their topics, in order; to the own one also when nothing else works. */
  publish(messages: readonly BusMessage[]): Promise<void>;
  /**
   * Resolves when nothing that was published before the call can be missed by another node any more; that can take as
   * long as the bus is cut off. What tells of the log is safe by then, other messages as far as it was possible.
   */
  reached(): Promise<void>;
  /**
   * Registers the gateway of this process; one only. `onMissed` is called when messages were missed that nobody can
   * give back any more.
   */
  receive(receiver: BusReceiver, onMissed: () => void): void;
  /**
   * Says that this node's clients now hear a topic (or no longer do). What is published after `hear` has resolved
   * arrives; it resolves also when the bus is cut off, and then heals by itself.
   */
  hear(appId: number, topic: string): Promise<void>;
  unhear(appId: number, topic: string): void;
  /** Who is on which presence channel, on all nodes. */
  readonly presence: Presence;
  /** How many hear which channel, on all nodes. */
  readonly occupancy: Occupancy;
  /** What back ends have been told by webhooks. */
  readonly told: ToldRegister;
  /** The last events of cache channels, for all nodes. */
  readonly cache: EventCache;
  /** Ends its connections; nothing is received afterwards. */
  stop(): Promise<void>;
}

/** A bus for a single process. */
export function createLocalBus(): Bus {
  let receiver: BusReceiver = () => {};
  return {
    async publish(messages) {
      for (const message of messages) receiver(message);
    },
    async reached() {},
    receive(next) {
      receiver = next;
    },
    async hear() {},
    unhear() {},
    presence: createProcessPresence(),
    occupancy: createProcessOccupancy(),
    told: createLocalRegister(),
    cache: createLocalCache(),
    async stop() {
      receiver = () => {};
    },
  };
}

/** The topic, and its app, whose hearers a message is for; `undefined` for one that all nodes must get. */
export function addressOf(
  message: BusMessage,
): { readonly appId: number; readonly topic: string } | undefined {
  if ('topic' in message) return message;
  if (!('channel' in message)) return undefined;
  const { appId, channel } = message;
  return { appId, topic: parsePusherChannel(channel)?.topic ?? channel };
}
