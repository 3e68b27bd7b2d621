import { MevrikError, type Rest, randomKey } from '@mevrik/client';
import type { StoredMessage } from '@mevrik/protocol';
import type { Upload } from './conversation-state.ts';

/** Progress callback and abort signal of an upload. */
export interface UploadRun {
  readonly signal: AbortSignal;
  /** Called with the sent share, from 0 to 1. */
  readonly onProgress: (progress: number) => void;
}

/** Options of uploads. */
export interface UploadsOptions {
  /** Sends a file as its own message, under its idempotency key. */
  readonly post: (upload: Upload, run: UploadRun) => Promise<void>;
  readonly onChange: (uploads: readonly Upload[]) => void;
}

/** Files being uploaded. A failed upload stays with its error. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #running = new Map<string, AbortController>();
  #all: readonly Upload[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Uploads a file; with the key of a failed upload, retries it. */
  async add(file: File, key: string = randomKey()): Promise<void> {
    const running = new AbortController();
    this.#running.set(key, running);
    const { signal } = running;
    const upload = { key, file, progress: 0 };
    this.#put(key, upload);
    const onProgress = (progress: number) => {
      if (!signal.aborted) this.#put(key, { ...upload, progress });
    };
    try {
      await this.#options.post(upload, { signal, onProgress });
      this.remove(key);
    } catch (error) {
      if (signal.aborted) return;
      this.#put(key, { ...upload, error: error instanceof MevrikError ? error.code : '' });
    }
  }

  /** Cancels and removes an upload. */
  remove(key: string): void {
    this.#running.get(key)?.abort();
    this.#running.delete(key);
    this.#put(key);
  }

  /** Cancels and removes all uploads. */
  discard(): void {
    for (const { key } of this.#all) this.remove(key);
  }

  #put(key: string, upload?: Upload): void {
    const isKnown = this.#all.some((one) => one.key === key);
    if (!upload) this.#all = this.#all.filter((one) => one.key !== key);
    else if (isKnown) this.#all = this.#all.map((one) => (one.key === key ? upload : one));
    else this.#all = [...this.#all, upload];
    this.#options.onChange(this.#all);
  }
}

/** Uploads a file and sends the message that carries it. */
export async function sendFile(
  { visitor }: Rest,
  { key, file }: Pick<Upload, 'key' | 'file'>,
  { signal, onProgress }: UploadRun,
): Promise<StoredMessage> {
  const { fileId } = await visitor.uploadFile(file, { name: file.name || 'file' }, { signal, onProgress });
  if (fileId === undefined) throw new Error('The server did not store the file.');
  signal.throwIfAborted();
  return visitor.writeMessage({ attachments: [{ fileId }] }, { key });
}
