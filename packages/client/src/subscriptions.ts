import type { TopicPosition } from '@mevrik/protocol';
import { parseTopic } from '@mevrik/protocol/topics';
import type { Frame } from './connection.ts';
import type { Stop } from './emitter.ts';
import { type SubscriptionDeps, TopicSubscription } from './topic-subscription.ts';

/** A subscription, and how to give it up. Others who have subscribed to the same channel keep it. */
export interface SubscriptionHandle<Channel extends string>
  extends Pick<
    TopicSubscription<Channel>,
    'channel' | 'isSubscribed' | 'members' | 'on' | 'position' | 'ready' | 'typing' | 'when' | 'whisper'
  > {
  unsubscribe(): void;
}

interface SharedSubscription {
  readonly subscription: TopicSubscription;
  handles: number;
}

/** The subscriptions of a client: however many hold a channel, it is subscribed to once. */
export class Subscriptions {
  readonly #deps: SubscriptionDeps;
  readonly #byChannel = new Map<string, SharedSubscription>();

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps;
  }

  /** Subscribes, or shares the subscription that there is; `from` counts for the first. */
  acquire<Channel extends string>(
    name: Channel,
    from: TopicPosition | undefined,
  ): SubscriptionHandle<Channel> {
    const shared = this.#share(wireName(name), from);
    const subscription = shared.subscription as TopicSubscription<Channel>;
    const stops: Stop[] = [];
    let isActive = true;
    const tracked = (stop: Stop): Stop => {
      stops.push(stop);
      return stop;
    };
    return {
      channel: subscription.channel,
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

  /** The connection stands. */
  onConnected(): void {
    for (const { subscription } of this.#byChannel.values()) void subscription.onConnected();
  }

  /** The connection has ended. */
  onDisconnected(): void {
    for (const { subscription } of this.#byChannel.values()) subscription.onDisconnected();
  }

  onFrame(frame: Frame): void {
    this.#byChannel.get(frame.channel ?? '')?.subscription.onFrame(frame);
  }

  #share(channel: string, from: TopicPosition | undefined): SharedSubscription {
    const found = this.#byChannel.get(channel);
    if (found) {
      found.handles += 1;
      return found;
    }
    const made = { subscription: new TopicSubscription(this.#deps, channel, from), handles: 1 };
    this.#byChannel.set(channel, made);
    if (this.#deps.isOpen()) void made.subscription.onConnected();
    return made;
  }

  #release(shared: SharedSubscription): void {
    shared.handles -= 1;
    if (shared.handles > 0) return;
    const { channel } = shared.subscription;
    this.#byChannel.delete(channel);
    shared.subscription.onDisconnected();
    this.#deps.send('pusher:unsubscribe', { channel });
  }
}

/** Our own topics are subscribed to by a signature, but for the public one: no sign-in has to come before. */
function wireName(name: string): string {
  return name !== 'messages' && parseTopic(name) ? `private-${name}` : name;
}
