import type { Duplex } from 'node:stream';

/** A turn of the event loop: what is to be done once, at its end, for all connections. */
export class Turn {
  #dirty: Outlet[] = [];
  #last: (() => void)[] = [];
  #scheduled = false;

  /** Asks for a flush at the end of the turn. */
  add(outlet: Outlet): void {
    this.#dirty.push(outlet);
    this.#schedule();
  }

  /** Does something at the end of the turn, when all outlets have written. */
  atEnd(act: () => void): void {
    this.#last.push(act);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    this.#scheduled = false;
    const [outlets, last] = [this.#dirty, this.#last];
    this.#dirty = [];
    this.#last = [];
    const joiner = createJoiner();
    for (const outlet of outlets) outlet.flush(joiner);
    for (const act of last) act();
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

/** Whom an outlet belongs to. */
export interface OutletOwner {
  /** Whether the WebSocket's farewell has been written already: no frame may follow it. */
  readonly isOver: boolean;
  /** Called once, when more is waiting for the reader than may. */
  overflow(): void;
}

/** What an outlet is given. */
export interface OutletOptions {
  readonly owner: OutletOwner;
  /** The connection below the WebSocket. */
  readonly stream: Duplex;
  readonly turn: Turn;
  readonly maxBufferedBytes: number;
}

/**
 * Where frames to one client go out: joined into one write per turn of the event loop, and bounded.
 * Whole frames only, so that they mix with those that the WebSocket library writes.
 */
export class Outlet {
  readonly #owner: OutletOwner;
  readonly #stream: Duplex;
  readonly #turn: Turn;
  readonly #maxBufferedBytes: number;
  #frames: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  constructor({ owner, stream, turn, maxBufferedBytes }: OutletOptions) {
    this.#owner = owner;
    this.#stream = stream;
    this.#turn = turn;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** What waits for the reader. */
  get bufferedBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Sends a frame with the others of this turn. Does nothing once it has ended. */
  send(frame: Buffer): void {
    if (this.#ended) return;
    if (this.bufferedBytes + frame.length > this.#maxBufferedBytes) {
      this.end();
      this.#owner.overflow();
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#frames.length === 1) this.#turn.add(this);
  }

  /** Writes what has gathered now. */
  flush(join: Join = Buffer.concat): void {
    const frames = this.#frames;
    const [first] = frames;
    if (!first) return;
    this.#frames = [];
    this.#bytes = 0;
    if (!this.#stream.writable || this.#owner.isOver) return;
    this.#stream.write(frames.length === 1 ? first : join(frames));
  }

  /** Writes what has gathered, and resolves when the reader has taken it, or is gone. */
  async drained(): Promise<void> {
    this.flush();
    const stream = this.#stream;
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
