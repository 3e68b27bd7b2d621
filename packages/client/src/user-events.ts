import type { Frame } from './connection.ts';
import { Emitter, type Stop } from './emitter.ts';
import { MevrikError } from './errors.ts';

/** Dependencies of the user's events. */
export interface UserEventsDeps {
  send(event: string, data: unknown): void;
  /** Requests the signature for a sign-in. */
  sign(): Promise<{ readonly auth: string; readonly user_data: string }>;
  /** A listener was added. */
  onFirstListener(): void;
  onRefused(error: MevrikError): void;
  onListenerError(error: unknown): void;
}

/** Events for one user on all their connections; the user is signed in as soon as there is a listener. */
export class UserEvents {
  readonly #deps: UserEventsDeps;
  readonly #events: Emitter<Record<string, unknown>>;
  #hasListener = false;
  #attempt = 0;

  constructor(options: UserEventsDeps) {
    this.#deps = options;
    this.#events = new Emitter(options.onListenerError);
  }

  /** Listens for an event that the app's back end sends to the user. */
  on(name: string, listener: (data: unknown) => void): Stop {
    if (!this.#hasListener) {
      this.#hasListener = true;
      this.#deps.onFirstListener();
    }
    return this.#events.on(name, listener);
  }

  /** For the client: the connection is established. */
  async onConnected(): Promise<void> {
    if (!this.#hasListener) return;
    const attempt = ++this.#attempt;
    try {
      const { auth, user_data } = await this.#deps.sign();
      if (attempt === this.#attempt) this.#deps.send('pusher:signin', { auth, user_data });
    } catch (error) {
      if (error instanceof MevrikError) this.#deps.onRefused(error);
      else this.#deps.onListenerError(error);
    }
  }

  /** For the client: the connection has ended. */
  onDisconnected(): void {
    this.#attempt += 1;
  }

  /** For the client: a frame without a channel, or on the user's own. */
  onFrame({ event, channel, data }: Frame): void {
    if (event === 'pusher:signin_success') {
      const { id } = JSON.parse((data as { user_data: string }).user_data) as { id: string };
      this.#deps.send('pusher:subscribe', { channel: `#server-to-user-${id}` });
    } else if (channel !== undefined && !event.startsWith('pusher')) {
      this.#events.emit(event, data);
    }
  }
}
