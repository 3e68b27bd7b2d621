import { constants, deflateRawSync } from 'node:zlib';
import type { ServerFrame } from '@mevrik/protocol';

/** Encodes a frame of the Pusher protocol for the socket. */
export function encodeFrame(frame: ServerFrame): Buffer {
  return textFrame(JSON.stringify(frame));
}

/**
 * One unmasked, unfragmented text frame of RFC 6455. We encode it ourselves so that one buffer serves all subscribers
 * of a channel: the WebSocket library would encode it for each of them.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const { frame, headLength } = emptyFrame(length, 0x81);
  frame.write(text, headLength);
  return frame;
}

/** Minimum length to compress; shorter texts do not become smaller. */
const worthDeflating = 512;

/**
 * A compressed frame for clients that negotiated compression (RFC 7692), without context so that it can be shared;
 * `undefined` when it would not be smaller.
 */
export function deflatedFrame(text: string): Buffer | undefined {
  if (text.length < worthDeflating) return undefined;
  const deflated = deflateRawSync(text, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
  // The last four bytes are always the same, and the receiver puts them back.
  const length = deflated.length - 4;
  if (length >= Buffer.byteLength(text)) return undefined;
  const { frame, headLength } = emptyFrame(length, 0xc1);
  deflated.copy(frame, headLength, 0, length);
  return frame;
}

function emptyFrame(length: number, firstByte: number): { frame: Buffer; headLength: number } {
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = firstByte;
  if (headLength === 2) {
    frame[1] = length;
  } else if (headLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return { frame, headLength };
}
