import type { Resumed, TopicPosition } from '@mevrik/protocol';
import type { Frame } from './connection.ts';
import { Emitter, type Stop } from './emitter.ts';
import { MevrikError } from './errors.ts';
import type { EventsOf, Member } from './events.ts';
import { Members } from './members.ts';
import { PositionTracker } from './position-tracker.ts';
import { TypingSignal } from './typing-signal.ts';

/** What happens to a subscription, apart from the channel's own events. */
export interface SubscriptionEvents {
  /** It stands, for the first time or again. */
  readonly subscribed: undefined;
  /** It stands again, and all that was missed has been told: so many events. */
  readonly recovered: number;
  /** It stands for the first time, or something was missed that cannot be told again: load what you show. */
  readonly load: undefined;
  readonly error: MevrikError;
  readonly joined: Member;
  readonly left: Member;
}

/** What a subscription needs of its client. */
export interface Wire {
  /** Whether there is a connection. */
  isOpen(): boolean;
  send(event: string, data: unknown, channel?: string): void;
  /** What proves the right to a channel. @throws MevrikError */
  authorize(channel: string): Promise<Record<string, unknown>>;
  readonly onFault: (error: unknown) => void;
}

/** A refusal for the moment is tried again after so long. */
const retryMs = 5_000;

/** A channel that is heard as long as the client lives, whatever happens to its connection. */
export class Subscription<Channel extends string = string> {
  /** With its prefix. */
  readonly channel: Channel;
  /** Who is there, on presence channels. */
  readonly members = new Members();
  /** Begins and ends to tell the others that somebody types here. */
  readonly typing: TypingSignal;
  readonly #wire: Wire;
  readonly #keeper: PositionTracker;
  readonly #events: Emitter<Record<string, unknown>>;
  readonly #own: Emitter<SubscriptionEvents>;
  #isSubscribed = false;
  #attempt = 0;
  #toldSince = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(wire: Wire, channel: Channel, from?: TopicPosition) {
    this.channel = channel;
    this.#wire = wire;
    this.#keeper = new PositionTracker(from);
    this.#events = new Emitter(wire.onFault);
    this.#own = new Emitter(wire.onFault);
    this.typing = new TypingSignal((data) => wire.send('client-typing', data, channel));
  }

  /** Hears an event of the channel. Names that our own channels do not have are errors of the compiler. */
  on<Name extends keyof EventsOf<Channel> & string>(
    name: Name,
    listener: (data: EventsOf<Channel>[Name]) => void,
  ): Stop {
    return this.#events.on(name, listener as (data: unknown) => void);
  }

  /** Hears what happens to the subscription itself. */
  when<Name extends keyof SubscriptionEvents>(
    name: Name,
    listener: (data: SubscriptionEvents[Name]) => void,
  ): Stop {
    return this.#own.on(name, listener);
  }

  /** Sends an event to the others on a private or presence channel; it is lost where there is no connection. */
  whisper(name: string, data: unknown): void {
    this.#wire.send(`client-${name}`, data, this.channel);
  }

  /** Whether it stands at the moment. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Resolves once it stands. Rejects when it is refused before. */
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

  /** Up to where it has been heard: give it to another client as `from`, as after a page load. */
  get place(): TopicPosition | undefined {
    return this.#keeper.place;
  }

  /** For the client: the connection stands. */
  async begin(): Promise<void> {
    const attempt = ++this.#attempt;
    clearTimeout(this.#retry);
    this.#toldSince = 0;
    try {
      const proof = /^(private|presence)-/.test(this.channel) ? await this.#wire.authorize(this.channel) : {};
      if (attempt !== this.#attempt) return;
      const resume = this.#keeper.place ?? {};
      this.#wire.send('pusher:subscribe', { channel: this.channel, ...proof, resume });
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const refusal = error instanceof MevrikError ? error : new MevrikError(0, 'fault', String(error));
      this.#own.emit('error', refusal);
      if (refusal.status === 0 || refusal.status >= 500) this.#later();
    }
  }

  /** For the client: the connection has ended, or the subscription is given up. */
  end(): void {
    this.#attempt += 1;
    this.#isSubscribed = false;
    this.typing.end();
    clearTimeout(this.#retry);
  }

  /** For the client: a frame on this channel. */
  take(frame: Frame): void {
    const act = this.#inner[frame.event];
    if (act) act(frame);
    else if (!frame.at || this.#keeper.hear(frame.at)) {
      this.#toldSince += 1;
      this.#events.emit(frame.event, frame.data);
    }
  }

  /** What the protocol itself says on a channel. */
  readonly #inner: Readonly<Record<string, (frame: Frame) => void>> = {
    'pusher_internal:subscription_succeeded': ({ data }) => this.#stand(data),
    'pusher:subscription_error': ({ data }) => this.#refused(data),
    'pusher_internal:member_added': ({ data }) => this.#own.emit('joined', this.members.add(data)),
    'pusher_internal:member_removed': ({ data }) => this.#own.emit('left', this.members.remove(data)),
    'mevrik:reload': () => this.#own.emit('load', undefined),
    'client-typing': (frame) => this.#hearTyping(frame, frame.user_id),
    typing: (frame) => this.#hearTyping(frame, (frame.data as { by?: string }).by),
  };

  #hearTyping({ event, data }: Frame, who: string | undefined): void {
    this.typing.hear(who, data);
    this.#events.emit(event, data);
  }

  #stand(data: unknown): void {
    const { presence, resume } = (data ?? {}) as { presence?: unknown; resume?: Resumed };
    if (presence) this.members.reset(presence);
    this.#isSubscribed = true;
    const outcome = this.#keeper.stand(resume);
    if (outcome === 'recovered') this.#own.emit('recovered', this.#toldSince);
    else this.#own.emit('load', undefined);
    this.#own.emit('subscribed', undefined);
  }

  #refused(data: unknown): void {
    const { error, status } = (data ?? {}) as { error?: string; status?: number };
    this.#own.emit(
      'error',
      new MevrikError(status ?? 0, 'subscription', error ?? 'The channel was refused.'),
    );
    if ((status ?? 0) >= 500) this.#later();
  }

  #later(): void {
    this.#retry = setTimeout(() => void this.begin(), retryMs);
  }
}
