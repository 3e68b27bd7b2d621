import type { Duplex } from 'node:stream';

/** The handlers of one side by call name. Arguments and results are sent as JSON. */
type Answering<Calls> = Record<keyof Calls, (...args: never[]) => unknown>;
type ArgumentsOf<Call> = Call extends (...args: infer Arguments) => unknown ? Arguments : never;
type AnswerOf<Call> = Call extends (...args: never[]) => infer Answer ? Awaited<Answer> : never;

/** The other end of a stream between two processes of ours. */
export interface Peer<Theirs> {
  readonly isOpen: boolean;
  /** Calls the other process; calls start in the order in which they are made. @throws PeerGoneError */
  call<Name extends keyof Theirs & string>(
    name: Name,
    ...args: ArgumentsOf<Theirs[Name]>
  ): Promise<AnswerOf<Theirs[Name]>>;
  /** The same without an answer; does nothing when the other process has ended. */
  notify<Name extends keyof Theirs & string>(name: Name, ...args: ArgumentsOf<Theirs[Name]>): void;
  /** Sends what is queued and ends the stream. */
  end(): void;
}

/** The other process has ended, or the connection to it is being closed. */
class PeerGoneError extends Error {
  override readonly name = 'PeerGoneError';
}

/** One line of the stream: a call (number 0 expects no answer), or an answer with one of these two names. */
type Line = readonly [name: string, number: number, content: unknown];
const answerName = '=';
const failureName = '!';

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Maximum buffered bytes for a process that does not read; beyond this the stream is destroyed. */
const maxWaitingBytes = 64 * 1024 * 1024;

/**
 * Exchanges lines of JSON over a stream. The lines of one event loop tick are one write: twice as fast as Node's own
 * IPC channel with `advanced` serialization, and the stream reports how much is buffered.
 *
 * @param mine answers the calls of the other process.
 */
export function createPeer<Theirs, Mine extends Answering<Mine>>(
  stream: Duplex,
  mine: Mine,
  onGone: () => void,
): Peer<Theirs> {
  return new StreamPeer(stream, mine, onGone);
}

class StreamPeer<Theirs> implements Peer<Theirs> {
  readonly #stream: Duplex;
  readonly #mine: object;
  readonly #onGone: () => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lines: string[] = [];
  #calls = 0;
  #isOpen = true;

  constructor(stream: Duplex, mine: object, onGone: () => void) {
    this.#stream = stream;
    this.#mine = mine;
    this.#onGone = onGone;
    readLines(stream, (line) => this.#receive(line));
    // 'close' follows every error and is handled below.
    stream.on('error', () => {});
    stream.on('close', () => this.#gone());
    stream.on('end', () => stream.destroy());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  call<Name extends keyof Theirs & string>(
    name: Name,
    ...args: ArgumentsOf<Theirs[Name]>
  ): Promise<AnswerOf<Theirs[Name]>> {
    if (!this.#isOpen) return Promise.reject(new PeerGoneError('The other process has ended'));
    const number = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (answer: unknown) => void, reject });
      this.#write([name, number, args]);
    });
  }

  notify<Name extends keyof Theirs & string>(name: Name, ...args: ArgumentsOf<Theirs[Name]>): void {
    this.#write([name, 0, args]);
  }

  end(): void {
    process.nextTick(() => this.#stream.end(() => this.#stream.destroy()));
  }

  #write(line: Line): void {
    if (!this.#isOpen) return;
    if (this.#lines.length === 0) process.nextTick(() => this.#flush());
    this.#lines.push(`${JSON.stringify(line)}\n`);
  }

  #flush(): void {
    const text = this.#lines.splice(0).join('');
    if (!this.#stream.writable) return;
    this.#stream.write(text);
    if (this.#stream.writableLength > maxWaitingBytes) this.#stream.destroy();
  }

  #receive(text: string): void {
    const [name, number, content] = JSON.parse(text) as Line;
    if (name !== answerName && name !== failureName) {
      void this.#answer(name, number, content);
      return;
    }
    const caller = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (name === answerName) caller?.resolve(content);
    else caller?.reject(new Error(String(content)));
  }

  async #answer(name: string, number: number, args: unknown): Promise<void> {
    try {
      const act: unknown = Reflect.get(this.#mine, name);
      if (typeof act !== 'function' || !Array.isArray(args)) throw new Error(`Unknown call "${name}"`);
      const content: unknown = await act.apply(this.#mine, args);
      if (number > 0) this.#write([answerName, number, content]);
    } catch (error) {
      if (number > 0) this.#write([failureName, number, String(error)]);
    }
  }

  #gone(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { reject } of this.#waiting.values()) {
      reject(new PeerGoneError('The other process has ended'));
    }
    this.#waiting.clear();
    this.#onGone();
  }
}

function readLines(stream: Duplex, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const [first = '', ...more] = chunk.split('\n');
    rest += first;
    for (const line of more) {
      take(rest);
      rest = line;
    }
  });
}
