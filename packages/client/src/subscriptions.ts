import type { TopicPosition } from '@mevrik/protocol';
import { parseTopic } from '@mevrik/protocol/topics';
import type { Frame } from './connection.ts';
import type { Stop } from './emitter.ts';
import { type SubscriptionDeps, TopicSubscription } from './topic-subscription.ts';

/** A subscription that can be released. Other users of the same topic keep theirs. */
export interface SubscriptionHandle<TopicName extends string>
  extends Pick<
    TopicSubscription<TopicName>,
    'topic' | 'isSubscribed' | 'members' | 'on' | 'position' | 'ready' | 'typing' | 'when' | 'whisper'
  > {
  /** Ends this use of the channel and removes its listeners. */
  unsubscribe(): void;
}

interface SharedSubscription {
  readonly subscription: TopicSubscription;
  handles: number;
}

/** The subscriptions of a client: each topic is subscribed to once, for any number of users. */
export class Subscriptions {
  readonly #deps: SubscriptionDeps;
  readonly #byTopic = new Map<string, SharedSubscription>();

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps;
  }

  /** Subscribes, or shares the existing subscription; `from` applies to the first one only. */
  acquire<TopicName extends string>(
    name: TopicName,
    from: TopicPosition | undefined,
  ): SubscriptionHandle<TopicName> {
    const shared = this.#share(wireName(name), from);
    const subscription = shared.subscription as TopicSubscription<TopicName>;
    const stops: Stop[] = [];
    let isActive = true;
    const tracked = (stop: Stop): Stop => {
      stops.push(stop);
      return stop;
    };
    return {
      topic: subscription.topic,
      members: subscription.members,
      typing: subscription.typing,
      get isSubscribed() {
        return subscription.isSubscribed;
      },
      get position() {
        return subscription.position;
      },
      on: (event, listener) => tracked(subscription.on(event, listener)),
      when: (what, listener) => tracked(subscription.when(what, listener)),
      ready: () => subscription.ready(),
      whisper: (event, data) => subscription.whisper(event, data),
      unsubscribe: () => {
        for (const stop of stops.splice(0)) stop();
        if (isActive) this.#release(shared);
        isActive = false;
      },
    };
  }

  /** The connection is established. */
  onConnected(): void {
    for (const { subscription } of this.#byTopic.values()) void subscription.onConnected();
  }

  /** The connection has ended. */
  onDisconnected(): void {
    for (const { subscription } of this.#byTopic.values()) subscription.onDisconnected();
  }

  /** A frame on any channel. */
  onFrame(frame: Frame): void {
    this.#byTopic.get(frame.channel ?? '')?.subscription.onFrame(frame);
  }

  #share(topic: string, from: TopicPosition | undefined): SharedSubscription {
    const found = this.#byTopic.get(topic);
    if (found) {
      found.handles += 1;
      return found;
    }
    const made = { subscription: new TopicSubscription(this.#deps, topic, from), handles: 1 };
    this.#byTopic.set(topic, made);
    if (this.#deps.isOpen()) void made.subscription.onConnected();
    return made;
  }

  #release(shared: SharedSubscription): void {
    shared.handles -= 1;
    if (shared.handles > 0) return;
    const { topic } = shared.subscription;
    this.#byTopic.delete(topic);
    shared.subscription.onDisconnected();
    this.#deps.send('pusher:unsubscribe', { channel: topic });
  }
}

/**
 * Our own topics, except the public one, are authorized by a signature, so that no sign-in has to come first.
 */
function wireName(name: string): string {
  return name !== 'messages' && parseTopic(name) ? `private-${name}` : name;
}
