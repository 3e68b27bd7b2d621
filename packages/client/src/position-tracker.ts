import type { Resumed, TopicPosition } from '@mevrik/protocol';

/** What a client must do when it is subscribed again. */
export type Return = 'first' | 'recovered' | 'reload';

/**
 * Keeps where a channel has been heard up to, over all connections, by the rules of docs/PROTOCOL.md: what comes
 * again is not news, and places are taken over from the server only when all that was missed has come.
 */
export class PositionTracker {
  #place: TopicPosition | undefined;
  /** In each partition, the highest offset that was heard; what is not beyond it has been told. */
  #heard: Record<string, number>;
  #hasStood: boolean;

  /** @param from where another keeper stood, as of a page before this one. */
  constructor(from?: TopicPosition) {
    this.#place = from;
    this.#heard = { ...from?.positions };
    this.#hasStood = from !== undefined;
  }

  /** What to ask with, and to keep for later; `undefined` before the first subscription. */
  get place(): TopicPosition | undefined {
    return this.#place;
  }

  /** Whether a frame is news. */
  hear([partition, offset]: readonly [partition: number, offset: number]): boolean {
    if (offset <= (this.#heard[partition] ?? -1)) return false;
    this.#heard[partition] = offset;
    if (this.#place && offset > (this.#place.positions[partition] ?? -1)) {
      this.#place = { ...this.#place, positions: { ...this.#place.positions, [partition]: offset } };
    }
    return true;
  }

  /** The channel is subscribed to; `resumed` is absent where nothing of it can be told again. */
  stand(resumed: Resumed | undefined): Return {
    const before = this.#hasStood;
    this.#hasStood = true;
    if (!resumed) {
      this.#place = undefined;
      this.#heard = {};
      return before ? 'reload' : 'first';
    }
    const { epoch, recovered } = resumed;
    const isWhole = !before || (recovered === true && epoch === this.#place?.epoch);
    if (!isWhole) this.#heard = {};
    const known = isWhole ? { ...this.#place?.positions, ...this.#heard } : {};
    const positions = { ...resumed.positions };
    for (const [partition, offset] of Object.entries(known)) {
      positions[partition] = Math.max(offset, positions[partition] ?? 0);
    }
    this.#place = { epoch, positions };
    if (!before) return 'first';
    return isWhole ? 'recovered' : 'reload';
  }
}
