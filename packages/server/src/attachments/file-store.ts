import type { Readable } from 'node:stream';

/** A part of a file: both ends are bytes that belong to it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Where the bytes of files are. Names are ours: letters, digits, `-` and `/`. */
export interface FileStore {
  /** Keeps a file, whole or not at all; a file of that name is replaced. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of a file, or of a part of it; `undefined` where there is no such file. */
  read(name: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Takes a file away; one that is not there is no error. */
  remove(name: string): Promise<void>;
}
