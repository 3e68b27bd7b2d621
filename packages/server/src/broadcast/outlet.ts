import type { Duplex } from 'node:stream';

/** Flushes the outlets that were written to in this turn of the event loop, together, at its end. */
export class Turn {
  #dirty: Outlet[] = [];
  #scheduled = false;

  /** Asks for a flush at the end of the turn. */
  add(outlet: Outlet): void {
    this.#dirty.push(outlet);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const outlets = this.#dirty;
      this.#dirty = [];
      const joiner = createJoiner();
      for (const outlet of outlets) outlet.flush(joiner);
    });
  }
}

type Join = (frames: readonly Buffer[]) => Buffer;

/** Joins frames into one buffer; the subscribers of the same channels mostly share the one made just before. */
function createJoiner(): Join {
  let lastFrames: readonly Buffer[] = [];
  let last = Buffer.alloc(0);
  return (frames) => {
    const isSame = frames.length === lastFrames.length && frames.every((frame, i) => frame === lastFrames[i]);
    if (!isSame) {
      lastFrames = frames;
      last = Buffer.concat(frames);
    }
    return last;
  };
}

/** What an outlet is given. */
export interface OutletOptions {
  /** The connection below the WebSocket. */
  readonly stream: Duplex;
  readonly turn: Turn;
  readonly maxBufferedBytes: number;
  /** Whether the WebSocket's farewell has been written already: no frame may follow it. */
  readonly isOver: () => boolean;
  /** Called once, when more is waiting for the reader than may. */
  readonly onOverflow: () => void;
}

/**
 * Where frames to one client go out: joined into one write per turn of the event loop, and bounded.
 * Whole frames only, so that they mix with those that the WebSocket library writes.
 */
export class Outlet {
  readonly #with: OutletOptions;
  #frames: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  constructor(options: OutletOptions) {
    this.#with = options;
  }

  /** What waits for the reader. */
  get bufferedBytes(): number {
    return this.#bytes + this.#with.stream.writableLength;
  }

  /** Sends a frame with the others of this turn. Does nothing once it has ended. */
  send(frame: Buffer): void {
    if (this.#ended) return;
    if (this.bufferedBytes + frame.length > this.#with.maxBufferedBytes) {
      this.end();
      this.#with.onOverflow();
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#frames.length === 1) this.#with.turn.add(this);
  }

  /** Writes what has gathered now. */
  flush(join: Join = Buffer.concat): void {
    const frames = this.#frames;
    const [first] = frames;
    if (!first) return;
    this.#frames = [];
    this.#bytes = 0;
    const { stream, isOver } = this.#with;
    if (stream.writable && !isOver()) stream.write(frames.length === 1 ? first : join(frames));
  }

  /** Writes what has gathered, and resolves when the reader has taken it, or is gone. */
  async drained(): Promise<void> {
    this.flush();
    const { stream } = this.#with;
    if (!stream.writableNeedDrain || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        stream.off('drain', done).off('close', done);
        resolve();
      };
      stream.on('drain', done).on('close', done);
    });
  }

  /** Writes what has gathered, and takes nothing further. */
  end(): void {
    this.flush();
    this.#ended = true;
  }
}
