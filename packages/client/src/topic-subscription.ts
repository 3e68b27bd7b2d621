import type { Resumed, TopicPosition } from '@mevrik/protocol';
import type { Frame } from './connection.ts';
import { Emitter, type Stop } from './emitter.ts';
import { MevrikError } from './errors.ts';
import type { EventsOf, Member } from './events.ts';
import { Members } from './members.ts';
import { PositionTracker } from './position-tracker.ts';
import { TypingSignal } from './typing-signal.ts';

/** The events of a subscription itself, apart from the topic's own events. */
export interface SubscriptionEvents {
  /** Subscribed, for the first time or again. */
  readonly subscribed: undefined;
  /** Subscribed again, and all missed events were delivered: their number. */
  readonly recovered: number;
  /** Subscribed for the first time, or missed events cannot be recovered: load your state. */
  readonly load: undefined;
  readonly error: MevrikError;
  readonly joined: Member;
  readonly left: Member;
}

/** Dependencies of a subscription. */
export interface SubscriptionDeps {
  /** Whether the connection is open. */
  isOpen(): boolean;
  send(event: string, data: unknown, topic?: string): void;
  /** Requests the authorization for a topic. @throws MevrikError */
  authorize(topic: string): Promise<Record<string, unknown>>;
  readonly onListenerError: (error: unknown) => void;
}

/** Delay before a temporarily rejected subscription is retried. */
const retryMs = 5_000;

/** A subscription that lasts as long as the client, across reconnects. */
export class TopicSubscription<TopicName extends string = string> {
  /** The topic's name on the wire: with its prefix, if it has one. */
  readonly topic: TopicName;
  /** The members of a presence topic. */
  readonly members = new Members();
  /** Starts and stops the typing indicator for the others. */
  readonly typing: TypingSignal;
  readonly #deps: SubscriptionDeps;
  readonly #tracker: PositionTracker;
  readonly #events: Emitter<Record<string, unknown>>;
  readonly #lifecycle: Emitter<SubscriptionEvents>;
  #isSubscribed = false;
  #attempt = 0;
  #receivedCount = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: SubscriptionDeps, topic: TopicName, from?: TopicPosition) {
    this.topic = topic;
    this.#deps = deps;
    this.#tracker = new PositionTracker(from);
    this.#events = new Emitter(deps.onListenerError);
    this.#lifecycle = new Emitter(deps.onListenerError);
    this.typing = new TypingSignal((data) => deps.send('client-typing', data, topic));
  }

  /** Listens for an event of the topic. On our own topics, unknown names are compile errors. */
  on<Name extends keyof EventsOf<TopicName> & string>(
    name: Name,
    listener: (data: EventsOf<TopicName>[Name]) => void,
  ): Stop {
    return this.#events.on(name, listener as (data: unknown) => void);
  }

  /** Listens for events of the subscription itself. */
  when<Name extends keyof SubscriptionEvents>(
    name: Name,
    listener: (data: SubscriptionEvents[Name]) => void,
  ): Stop {
    return this.#lifecycle.on(name, listener);
  }

  /** Sends a client event to the others on a private or presence topic; it is lost without a connection. */
  whisper(name: string, data: unknown): void {
    this.#deps.send(`client-${name}`, data, this.topic);
  }

  /** Whether it is subscribed at the moment. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Resolves once it is subscribed. Rejects if the subscription is rejected first. */
  ready(): Promise<void> {
    if (this.#isSubscribed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (act: () => void) => () => {
        for (const stop of stops) stop();
        act();
      };
      const stops: Stop[] = [
        this.when('subscribed', done(resolve)),
        this.when('error', (error) => done(() => reject(error))()),
      ];
    });
  }

  /**
   * The position of the last received event: pass it to another client as `from`, for example after a page
   * load.
   */
  get position(): TopicPosition | undefined {
    return this.#tracker.position;
  }

  /** For the client: the connection is established. */
  async onConnected(): Promise<void> {
    const attempt = ++this.#attempt;
    clearTimeout(this.#retry);
    this.#receivedCount = 0;
    try {
      const proof = /^(private|presence)-/.test(this.topic) ? await this.#deps.authorize(this.topic) : {};
      if (attempt !== this.#attempt) return;
      const resume = this.#tracker.position ?? {};
      this.#deps.send('pusher:subscribe', { channel: this.topic, ...proof, resume });
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const failure = error instanceof MevrikError ? error : new MevrikError(0, 'unexpected', String(error));
      this.#lifecycle.emit('error', failure);
      if (failure.status === 0 || failure.status >= 500) this.#retryLater();
    }
  }

  /** For the client: the connection has ended, or the subscription was released. */
  onDisconnected(): void {
    this.#attempt += 1;
    this.#isSubscribed = false;
    this.typing.onDisconnected();
    clearTimeout(this.#retry);
  }

  /** For the client: a frame on this topic. */
  onFrame(frame: Frame): void {
    const act = this.#protocolHandlers[frame.event];
    if (act) act(frame);
    else if (!frame.at || this.#tracker.accept(frame.at)) {
      this.#receivedCount += 1;
      this.#events.emit(frame.event, frame.data);
    }
  }

  /** The protocol's own events on a topic. */
  readonly #protocolHandlers: Readonly<Record<string, (frame: Frame) => void>> = {
    'pusher_internal:subscription_succeeded': ({ data }) => this.#subscribed(data),
    'pusher:subscription_error': ({ data }) => this.#onRefused(data),
    'pusher_internal:member_added': ({ data }) => this.#lifecycle.emit('joined', this.members.add(data)),
    'pusher_internal:member_removed': ({ data }) => this.#lifecycle.emit('left', this.members.remove(data)),
    'mevrik:reload': () => this.#lifecycle.emit('load', undefined),
    'client-typing': (frame) => this.#onTyping(frame, frame.user_id?.toString()),
    typing: (frame) => this.#onTyping(frame, (frame.data as { by?: string }).by),
  };

  #onTyping({ event, data }: Frame, who: string | undefined): void {
    this.typing.receive(who, data);
    this.#events.emit(event, data);
  }

  #subscribed(data: unknown): void {
    const { presence, resume } = (data ?? {}) as { presence?: unknown; resume?: Resumed };
    if (presence) this.members.reset(presence);
    this.#isSubscribed = true;
    const outcome = this.#tracker.subscribed(resume);
    if (outcome === 'recovered') this.#lifecycle.emit('recovered', this.#receivedCount);
    else this.#lifecycle.emit('load', undefined);
    this.#lifecycle.emit('subscribed', undefined);
  }

  #onRefused(data: unknown): void {
    const { error, status } = (data ?? {}) as { error?: string; status?: number };
    this.#lifecycle.emit(
      'error',
      new MevrikError(status ?? 0, 'subscription', error ?? 'The subscription was rejected.'),
    );
    if ((status ?? 0) >= 500) this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => void this.onConnected(), retryMs);
  }
}
