import type { Readable } from 'node:stream';

/** A range of bytes; both ends are inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Stores the content of files. Names consist of letters, digits, `-` and `/`. */
export interface FileStore {
  /** Stores a file atomically; replaces a file with the same name. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Reads a file or a range of it; `undefined` if it does not exist. */
  read(name: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Deletes a file; a missing file is not an error. */
  remove(name: string): Promise<void>;
}
