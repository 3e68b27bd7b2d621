import type { Resumed, TopicPosition } from '@mevrik/protocol';

/** What a client must do when it is subscribed again. */
export type SubscribeOutcome = 'first' | 'recovered' | 'reload';

/**
 * Keeps the position up to which a topic was received, across connections, by the rules of
 * docs/PROTOCOL.md: repeated frames are duplicates, and the server's positions are adopted only when all
 * missed frames have arrived.
 */
export class PositionTracker {
  #position: TopicPosition | undefined;
  /** The highest received offset of each partition; anything up to it has been delivered. */
  #received: Record<string, number>;
  #wasSubscribed: boolean;

  /** @param from the position of another tracker, for example on the previous page. */
  constructor(from?: TopicPosition) {
    this.#position = from;
    this.#received = { ...from?.positions };
    this.#wasSubscribed = from !== undefined;
  }

  /** The position to resume from, and to store for later; `undefined` before the first subscription. */
  get position(): TopicPosition | undefined {
    return this.#position;
  }

  /** Whether a frame is new. */
  accept([partition, offset]: readonly [partition: number, offset: number]): boolean {
    if (offset <= (this.#received[partition] ?? -1)) return false;
    this.#received[partition] = offset;
    if (this.#position && offset > (this.#position.positions[partition] ?? -1)) {
      this.#position = { ...this.#position, positions: { ...this.#position.positions, [partition]: offset } };
    }
    return true;
  }

  /** The topic is subscribed; `resumed` is absent if its events cannot be recovered. */
  subscribed(resumed: Resumed | undefined): SubscribeOutcome {
    const before = this.#wasSubscribed;
    this.#wasSubscribed = true;
    if (!resumed) {
      this.#position = undefined;
      this.#received = {};
      return before ? 'reload' : 'first';
    }
    const { epoch, recovered } = resumed;
    const isWhole = !before || (recovered === true && epoch === this.#position?.epoch);
    if (!isWhole) this.#received = {};
    const known = isWhole ? { ...this.#position?.positions, ...this.#received } : {};
    const positions = { ...resumed.positions };
    for (const [partition, offset] of Object.entries(known)) {
      positions[partition] = Math.max(offset, positions[partition] ?? 0);
    }
    this.#position = { epoch, positions };
    if (!before) return 'first';
    return isWhole ? 'recovered' : 'reload';
  }
}
