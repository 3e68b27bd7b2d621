import { MevrikError, randomKey } from '@mevrik/client';
import type { Upload } from './conversation-state.ts';

/** How an upload is followed and ended. */
export interface UploadRun {
  readonly signal: AbortSignal;
  /** Told how much has gone out, from 0 to 1. */
  readonly onProgress: (progress: number) => void;
}

/** What uploads are given. */
export interface UploadsOptions {
  /** Sends a file, as a message of its own under its key. */
  readonly post: (upload: Upload, run: UploadRun) => Promise<void>;
  readonly onChange: (uploads: readonly Upload[]) => void;
}

/** Files on their way. One that did not arrive stays, with the reason. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #running = new Map<string, AbortController>();
  #all: readonly Upload[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Sends a file; with its key, one that did not arrive, again. */
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
      // What the server says of a file is for people; what the line says is not.
      const fault = error instanceof MevrikError && error.status >= 400 ? error.message : '';
      this.#put(key, { ...upload, fault });
    }
  }

  /** Takes it back: one that is under way goes no further. */
  remove(key: string): void {
    this.#running.get(key)?.abort();
    this.#running.delete(key);
    this.#put(key);
  }

  /** Takes all of them back. */
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
