import type { TopicPosition } from '@mevrik/protocol';
import { parseTopic } from '@mevrik/protocol/topics';
import type { Frame } from './connection.ts';
import type { Stop } from './emitter.ts';
import { Subscription, type Wire } from './subscription.ts';

/** A subscription, and how to give it up. Others who have subscribed to the same channel keep it. */
export interface Held<Channel extends string>
  extends Pick<
    Subscription<Channel>,
    'channel' | 'isSubscribed' | 'members' | 'on' | 'place' | 'ready' | 'typing' | 'when' | 'whisper'
  > {
  unsubscribe(): void;
}

interface Shared {
  readonly subscription: Subscription;
  holders: number;
}

/** The subscriptions of a client: however many hold a channel, it is subscribed to once. */
export class Subscriptions {
  readonly #wire: Wire;
  readonly #byChannel = new Map<string, Shared>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Subscribes, or shares the subscription that there is; `from` counts for the first. */
  hold<Channel extends string>(name: Channel, from: TopicPosition | undefined): Held<Channel> {
    const shared = this.#share(wireName(name), from);
    const subscription = shared.subscription as Subscription<Channel>;
    const stops: Stop[] = [];
    let isHeld = true;
    const noted = (stop: Stop): Stop => {
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
      get place() {
        return subscription.place;
      },
      on: (event, listener) => noted(subscription.on(event, listener)),
      when: (what, listener) => noted(subscription.when(what, listener)),
      ready: () => subscription.ready(),
      whisper: (event, data) => subscription.whisper(event, data),
      unsubscribe: () => {
        for (const stop of stops.splice(0)) stop();
        if (isHeld) this.#release(shared);
        isHeld = false;
      },
    };
  }

  /** The connection stands. */
  begin(): void {
    for (const { subscription } of this.#byChannel.values()) void subscription.begin();
  }

  /** The connection has ended. */
  end(): void {
    for (const { subscription } of this.#byChannel.values()) subscription.end();
  }

  take(frame: Frame): void {
    this.#byChannel.get(frame.channel ?? '')?.subscription.take(frame);
  }

  #share(channel: string, from: TopicPosition | undefined): Shared {
    const found = this.#byChannel.get(channel);
    if (found) {
      found.holders += 1;
      return found;
    }
    const made = { subscription: new Subscription(this.#wire, channel, from), holders: 1 };
    this.#byChannel.set(channel, made);
    if (this.#wire.isOpen()) void made.subscription.begin();
    return made;
  }

  #release(shared: Shared): void {
    shared.holders -= 1;
    if (shared.holders > 0) return;
    const { channel } = shared.subscription;
    this.#byChannel.delete(channel);
    shared.subscription.end();
    this.#wire.send('pusher:unsubscribe', { channel });
  }
}

/** Our own topics are subscribed to by a signature, but for the public one: no sign-in has to come before. */
function wireName(name: string): string {
  return name !== 'messages' && parseTopic(name) ? `private-${name}` : name;
}
