import { createConnection, type Socket } from 'node:net';
import { type Dialect, nowUs } from '../messages.ts';

/** The state shared by the sockets of a process. */
export interface Crowd {
  readonly port: number;
  readonly dialect: Dialect;
  frames: number;
  lost: number;
  readonly latenciesUs: number[];
}

/** Control frames and protocol messages are shorter than this, broadcast messages are longer. */
const shortestMessage = 150;
/** All sockets read into the same memory: reads do not overlap. */
const shared = Buffer.allocUnsafe(256 * 1024);
const paths: Readonly<Record<Dialect, string>> = {
  pusher: '/app/acme?protocol=7&client=js&version=8.6.0&flash=false',
  'socket.io': '/socket.io/?EIO=4&transport=websocket',
};

/**
 * A cheap client: it completes the handshake, subscribes, and then reads only frame headers, not payloads.
 */
export class LightSocket {
  /** Messages received. */
  frames = 0;
  readonly #crowd: Crowd;
  readonly #channels: readonly string[];
  readonly #isSampled: boolean;
  readonly #onReady: () => void;
  readonly #socket: Socket;
  #state: 'upgrading' | 'subscribing' | 'counting' = 'upgrading';
  #confirmed = 0;
  /** An incomplete header or, during setup, an incomplete frame. */
  #rest: Buffer | undefined;
  /** Remaining bytes of a message that is already counted. */
  #skip = 0;
  /** The offset of the time stamp in a message. */
  #stampAt = -1;

  constructor(crowd: Crowd, channels: readonly string[], isSampled: boolean, onReady: () => void) {
    this.#crowd = crowd;
    this.#channels = channels;
    this.#isSampled = isSampled;
    this.#onReady = onReady;
    this.#socket = createConnection({
      port: crowd.port,
      host: '127.0.0.1',
      onread: {
        buffer: shared,
        callback: (size: number) => {
          this.#onRead(shared, size);
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(crowd)));
    // The close event follows.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      crowd.lost += 1;
    });
  }

  #onRead(buffer: Buffer, size: number): void {
    if (this.#rest) {
      const joined = Buffer.concat([this.#rest, buffer.subarray(0, size)]);
      this.#rest = undefined;
      this.#onRead(joined, joined.length);
    } else if (this.#state === 'counting') this.#count(buffer, 0, size);
    else this.#setUp(buffer, size);
  }

  #setUp(buffer: Buffer, size: number): void {
    let at = 0;
    if (this.#state === 'upgrading') {
      const end = buffer.subarray(0, size).indexOf('\r\n\r\n');
      if (end < 0) {
        this.#rest = Buffer.from(buffer.subarray(0, size));
        return;
      }
      if (!buffer.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) {
        throw new Error(`The WebSocket handshake failed: ${buffer.toString('latin1', 0, end)}`);
      }
      this.#state = 'subscribing';
      at = end + 4;
    }
    while (at < size && this.#state === 'subscribing') {
      const head = headLength(buffer, at, size);
      const end = head === 0 ? Number.POSITIVE_INFINITY : at + head + payloadLength(buffer, at);
      if (end > size) {
        this.#rest = Buffer.from(buffer.subarray(at, size));
        return;
      }
      this.#onSetUpFrame(buffer.toString('latin1', at + head, end));
      at = end;
    }
    if (at < size) this.#count(buffer, at, size);
  }

  #onSetUpFrame(text: string): void {
    const greeting = this.#crowd.dialect === 'pusher' ? '"pusher:connection_established"' : '40{';
    const confirmation = this.#crowd.dialect === 'pusher' ? 'subscription_succeeded' : '43';
    if (text.startsWith('0{')) this.#socket.write(masked('40'));
    else if (text.startsWith(greeting) || text.includes(greeting)) {
      this.#socket.write(Buffer.concat(this.#channels.map((name, n) => masked(this.#subscription(name, n)))));
    } else if (text.includes(confirmation)) this.#confirmed += 1;
    if (this.#confirmed < this.#channels.length) return;
    this.#state = 'counting';
    this.#onReady();
  }

  #subscription(channel: string, n: number): string {
    if (this.#crowd.dialect === 'socket.io') return `42${n}["subscribe","${channel}"]`;
    return `{"event":"pusher:subscribe","data":{"channel":"${channel}"}}`;
  }

  #count(buffer: Buffer, from: number, size: number): void {
    let at = from + this.#skip;
    if (at > size) {
      this.#skip = at - size;
      return;
    }
    this.#skip = 0;
    while (at < size) {
      const head = headLength(buffer, at, size);
      if (head === 0) {
        this.#rest = Buffer.from(buffer.subarray(at, size));
        return;
      }
      const length = payloadLength(buffer, at);
      const end = at + head + length;
      if (length >= shortestMessage) {
        this.frames += 1;
        this.#crowd.frames += 1;
        if (this.#isSampled && end <= size) this.#readStamp(buffer, at + head, end);
      } else if (end <= size) {
        this.#answer(buffer, at, at + head, end);
      } else {
        this.#rest = Buffer.from(buffer.subarray(at, size));
        return;
      }
      if (end > size) this.#skip = end - size;
      at = end;
    }
  }

  #readStamp(buffer: Buffer, from: number, to: number): void {
    if (this.#stampAt < 0) this.#stampAt = buffer.subarray(from, to).indexOf('@') + 1;
    const at = from + this.#stampAt;
    this.#crowd.latenciesUs.push(nowUs() - Number(buffer.toString('latin1', at, at + 16)));
  }

  /** Answers pings of WebSocket and engine.io. */
  #answer(buffer: Buffer, at: number, from: number, to: number): void {
    const opcode = (buffer[at] ?? 0) & 0x0f;
    if (opcode === 9) this.#socket.write(masked(buffer.toString('latin1', from, to), 0x8a));
    else if (opcode === 1 && to - from === 1 && buffer[from] === 0x32) this.#socket.write(masked('3'));
  }
}

/** The header's length: 2, 4 or 10 bytes; 0 if it is incomplete. */
function headLength(buffer: Buffer, at: number, size: number): number {
  if (size - at < 2) return 0;
  const short = (buffer[at + 1] ?? 0) & 0x7f;
  const length = short < 126 ? 2 : short === 126 ? 4 : 10;
  return size - at < length ? 0 : length;
}

function payloadLength(buffer: Buffer, at: number): number {
  const short = (buffer[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  if (short === 126) return ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0);
  return Number(buffer.readBigUInt64BE(at + 2));
}

function upgradeRequest({ port, dialect }: Crowd): string {
  return [
    `GET ${paths[dialect]} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}

/** A client frame. Its mask is zero, which is valid and leaves the text unchanged. */
function masked(text: string, firstByte = 0x81): Buffer {
  const payload = Buffer.from(text, 'latin1');
  if (payload.length >= 126) throw new Error(`Too long for this client: ${text}`);
  return Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
