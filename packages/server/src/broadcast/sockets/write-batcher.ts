import type { Duplex } from 'node:stream';

/** Runs the flushes of all connections together at the end of an event loop tick. */
export class FlushScheduler {
  #dirty: WriteBatcher[] = [];
  #last: (() => void)[] = [];
  #scheduled = false;

  /** Schedules a flush at the end of the tick. */
  add(batcher: WriteBatcher): void {
    this.#dirty.push(batcher);
    this.#schedule();
  }

  /** Runs a function at the end of the tick, after all flushes. */
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
    const [batchers, last] = [this.#dirty, this.#last];
    this.#dirty = [];
    this.#last = [];
    const joiner = createJoiner();
    for (const batcher of batchers) batcher.flush(joiner);
    for (const act of last) act();
  }
}

type Join = (frames: readonly Buffer[]) => Buffer;

/** Joins frames into one buffer; subscribers of the same channels usually share the previous one. */
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

/** The owner of a write batcher. */
export interface WriteBatcherOwner {
  /** Whether the WebSocket's close frame has been written: no frame may follow it. */
  readonly isClosing: boolean;
  /** Called once, when the buffer limit is exceeded. */
  overflow(): void;
}

/** What a write batcher depends on. */
export interface WriteBatcherDeps {
  readonly owner: WriteBatcherOwner;
  /** The connection below the WebSocket. */
  readonly stream: Duplex;
  readonly scheduler: FlushScheduler;
  readonly maxBufferedBytes: number;
}

/**
 * Writes frames to one client, joined into one write per event loop tick, with a limited buffer. Only whole frames are
 * written, so that they can be mixed with those of the WebSocket library.
 */
export class WriteBatcher {
  readonly #owner: WriteBatcherOwner;
  readonly #stream: Duplex;
  readonly #scheduler: FlushScheduler;
  readonly #maxBufferedBytes: number;
  #frames: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  constructor({ owner, stream, scheduler, maxBufferedBytes }: WriteBatcherDeps) {
    this.#owner = owner;
    this.#stream = stream;
    this.#scheduler = scheduler;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Bytes that the client has not read. */
  get bufferedBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Sends a frame with the others of this tick. Does nothing after `end`. */
  send(frame: Buffer): void {
    if (this.#ended) return;
    if (this.bufferedBytes + frame.length > this.#maxBufferedBytes) {
      this.end();
      this.#owner.overflow();
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#frames.length === 1) this.#scheduler.add(this);
  }

  /** Writes the batched frames now. */
  flush(join: Join = Buffer.concat): void {
    const frames = this.#frames;
    const [first] = frames;
    if (!first) return;
    this.#frames = [];
    this.#bytes = 0;
    if (!this.#stream.writable || this.#owner.isClosing) return;
    this.#stream.write(frames.length === 1 ? first : join(frames));
  }

  /** Writes the batched frames; resolves when the client has read them or has gone. */
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

  /** Writes the batched frames and accepts no more. */
  end(): void {
    this.flush();
    this.#ended = true;
  }
}
