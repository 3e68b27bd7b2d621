import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip, createGzip } from 'node:zlib';
import type { Event } from '@mevrik/protocol';
import type { FileStore } from '../attachments/file-store.ts';
import type { AttemptFailure } from '../db/schema.ts';

/** That a listener, or the broadcast lane, handled an event; times as in `handled_batches`. */
export interface ArchivedOutcome {
  readonly subscription: string;
  readonly node: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** In microseconds; -1 if the listener's condition skipped the event. */
  readonly durationUs: number;
  readonly attempt: number;
  readonly failures: readonly AttemptFailure[] | null;
}

/** One line of a file of the archive. */
export interface ArchivedEvent {
  readonly event: Event;
  readonly handled: readonly ArchivedOutcome[];
}

/** A file of the archive: one event per line as JSON, compressed with gzip. */
export interface SegmentFile {
  readonly bytes: Buffer;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
}

/** Writes a file of the archive, line by line; only the compressed form is held in memory. */
export class SegmentWriter {
  readonly #gzip = createGzip();
  readonly #compressed = buffer(this.#gzip);
  /** Characters written so far, before compression. */
  size = 0;
  events = 0;

  /** Appends an event. */
  async append(line: ArchivedEvent): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.size += text.length;
    this.events += 1;
    if (!this.#gzip.write(text)) await new Promise((resolve) => this.#gzip.once('drain', resolve));
  }

  /** Completes the file. */
  async end(): Promise<SegmentFile> {
    this.#gzip.end();
    const bytes = await this.#compressed;
    return { bytes, digest: digestOf(bytes) };
  }
}

/** The name of a file of the archive in the file store. */
export function segmentName({ appId, id }: { readonly appId: number; readonly id: number }): string {
  return `events/${appId}/${id}`;
}

/** A file of the archive that is missing or damaged. */
export class DamagedSegmentError extends Error {
  override name = 'DamagedSegmentError';
}

/**
 * Reads a file of the archive.
 *
 * @throws DamagedSegmentError if it is missing, or its checksum does not match.
 */
export async function readSegment(store: FileStore, name: string, digest: string): Promise<Buffer> {
  const stream = await store.read(name);
  if (!stream) throw new DamagedSegmentError(`The file ${name} is missing from the file store.`);
  const bytes = await buffer(stream);
  if (digestOf(bytes) === digest) return bytes;
  throw new DamagedSegmentError(`The file ${name} is damaged: its checksum does not match.`);
}

const lineFeed = 10;

/** The lines of a file of the archive. */
export async function* linesOf(bytes: Buffer): AsyncGenerator<ArchivedEvent> {
  let rest = Buffer.alloc(0);
  // Not with `readline`: it ends a line at U+2028, too, which JSON texts may contain.
  for await (const chunk of Readable.from([bytes]).pipe(createGunzip())) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed, start)) {
      yield JSON.parse(rest.toString('utf8', start, end)) as ArchivedEvent;
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
