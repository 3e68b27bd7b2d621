import type { Bus } from '../bus/bus.ts';
import { keyOf } from '../bus/topic-key.ts';

/** Up to this many subscribers, every change is sent; beyond it, the latest one every `pauseMs`. */
const maxImmediate = 100;
const pauseMs = 5_000;

/** Sends subscribers their channel's subscriber count. */
export class CountNotifier {
  readonly #bus: Pick<Bus, 'publish'>;
  readonly #pauses = new Map<string, { timer: NodeJS.Timeout; next: (() => void) | undefined }>();

  constructor(bus: Pick<Bus, 'publish'>) {
    this.#bus = bus;
  }

  changed(appId: number, channel: string, count: number): void {
    const notify = () => {
      const data = JSON.stringify({ subscription_count: count });
      void this.#bus.publish([{ appId, channel, event: 'pusher_internal:subscription_count', data }]);
    };
    const key = keyOf(appId, channel);
    const pause = this.#pauses.get(key);
    if (pause && count > maxImmediate) {
      pause.next = notify;
      return;
    }
    if (pause) pause.next = undefined;
    notify();
    if (!pause && count > maxImmediate) this.#pause(key);
  }

  stop(): void {
    for (const { timer } of this.#pauses.values()) clearTimeout(timer);
    this.#pauses.clear();
  }

  #pause(key: string): void {
    const timer = setTimeout(() => {
      const next = this.#pauses.get(key)?.next;
      this.#pauses.delete(key);
      if (!next) return;
      next();
      this.#pause(key);
    }, pauseMs).unref();
    this.#pauses.set(key, { timer, next: undefined });
  }
}
