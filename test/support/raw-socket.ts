import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';

/** The opcodes of frames. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** How a frame differs from a valid one. */
export interface FrameShape {
  readonly fin?: boolean;
  /** The three reserved bits, as a number from 0 to 7. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** The length in the header, if it is not that of the payload. */
  readonly claimed?: bigint;
  /** The bytes in which the length is written, if it is not the shortest form. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** The bytes of one frame as a client sends it. */
export function frameBytes(opcode: number, payload: Buffer | string = '', shape: FrameShape = {}): Buffer {
  const { fin = true, reserved = 0, masked = true } = shape;
  const body = Buffer.from(payload);
  const length = shape.claimed ?? BigInt(body.length);
  const lengthBytes = shape.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const more = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) more.writeUInt16BE(Number(length));
  if (lengthBytes === 8) more.writeBigUInt64BE(length);
  const short = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode, (masked ? 0x80 : 0) | short]);
  if (!masked) return Buffer.concat([head, more, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, more, mask, body.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** The payload of a close frame. */
export function closeBody(code: number, reason: Buffer | string = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/** The lines of a valid handshake; `headers` replace a header, `null` omits it, a list repeats it. */
export function handshakeRequest(
  headers: Record<string, string | readonly string[] | null> = {},
  { method = 'GET', path = '/app/acme?protocol=7', body = '' } = {},
): string {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    (value === null ? [] : typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}`),
  );
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** A frame from the server. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly reserved: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** A connection that writes given bytes and parses the server's frames. */
export class RawSocket {
  readonly socket: Socket;
  /** The response to the handshake, once it has arrived: status line and headers. */
  answer = '';
  readonly frames: ReceivedFrame[] = [];
  /** Resolves when the server has closed or reset the connection. */
  readonly ended: Promise<void>;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #isOver = false;

  constructor(port: number, { allowHalfOpen = false } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen, noDelay: true });
    // The close event follows.
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => this.#take(chunk));
    this.ended = new Promise((resolve) => {
      const over = () => {
        this.#isOver = true;
        this.#wake();
        resolve();
      };
      this.socket.on('end', over).on('close', over);
    });
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.answer)?.[1] ?? 0);
  }

  write(...parts: readonly (Buffer | string)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  /** Writes the bytes one by one, each in its own packet if the system allows. */
  async writeSlowly(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      await new Promise<void>((sent) => void this.socket.write(Buffer.from([byte]), () => sent()));
    }
  }

  /** Resolves with whether the server answered the handshake before it closed the connection. */
  async answered(): Promise<boolean> {
    while (this.answer === '' && !this.#isOver) await this.#changed();
    return this.answer !== '';
  }

  /** The next frame; `undefined` if the server closed the connection without another one. */
  async next(): Promise<ReceivedFrame | undefined> {
    while (this.frames.length === this.#taken && !this.#isOver) await this.#changed();
    return this.frames[this.#taken++];
  }

  /** The code of the server's close frame; 1005 for one without a code, 1006 without a close frame. */
  async closeCode(): Promise<number> {
    for (let frame = await this.next(); frame; frame = await this.next()) {
      if (frame.opcode !== opcodes.close) continue;
      return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
    }
    return 1006;
  }

  /** The next event of the protocol; other frames are skipped. */
  async event(name: string): Promise<{ readonly event: string; readonly data: unknown }> {
    for (let frame = await this.next(); frame; frame = await this.next()) {
      if (frame.opcode !== opcodes.text) continue;
      const { event, data } = JSON.parse(frame.payload.toString()) as { event: string; data?: unknown };
      if (event === name) return { event, data: typeof data === 'string' ? JSON.parse(data) : data };
    }
    throw new Error(`The connection ended before ${name} came`);
  }

  /** Sends a frame of the protocol. */
  say(event: string, more: object = {}): this {
    return this.write(frameBytes(opcodes.text, JSON.stringify({ event, ...more })));
  }

  #changed(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.answer === '') {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.answer = this.#bytes.subarray(0, end).toString();
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    if (this.status === 101) {
      for (let read = readFrame(this.#bytes); read; read = readFrame(this.#bytes)) {
        this.frames.push(read.frame);
        this.#bytes = this.#bytes.subarray(read.size);
      }
    }
    this.#wake();
  }
}

function readFrame(bytes: Buffer): { frame: ReceivedFrame; size: number } | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const short = second & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < head) return undefined;
  const length = head === 2 ? short : head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const size = head + length;
  if (bytes.length < size) return undefined;
  const frame = {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    reserved: (first >> 4) & 7,
    masked: (second & 0x80) !== 0,
    payload: bytes.subarray(head, size),
  };
  return { frame, size };
}

/** Connects and completes the handshake. Resolves once the server has sent its greeting. */
export async function openRaw(port: number, path?: string): Promise<RawSocket> {
  const client = new RawSocket(port);
  client.write(handshakeRequest({}, path === undefined ? {} : { path }));
  await client.event('pusher:connection_established');
  return client;
}

/** Connects and sends nothing. */
export async function openSilent(port: number): Promise<RawSocket> {
  const client = new RawSocket(port);
  await once(client.socket, 'connect');
  return client;
}

/** The server has closed its half of the connection as well. */
export async function expectGone({ socket }: RawSocket): Promise<void> {
  const isGone = () => {
    socket.write('x');
    return socket.destroyed;
  };
  await expect.poll(isGone).toBe(true);
}
