import { MevrikError } from '@mevrik/client';
import type { Upload } from './conversation-state.ts';

/** What uploads are given. */
export interface UploadsOptions {
  /** Sends a file, as a message of its own under its key. */
  readonly post: (upload: Upload) => Promise<void>;
  readonly onChange: (uploads: readonly Upload[]) => void;
}

/** Files on their way. One that did not arrive stays, with the reason. */
export class Uploads {
  readonly #options: UploadsOptions;
  #all: readonly Upload[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Sends a file; with its key, one that did not arrive, again. */
  async add(file: File, key: string = crypto.randomUUID()): Promise<void> {
    this.#put(key, { key, file });
    try {
      await this.#options.post({ key, file });
      this.remove(key);
    } catch (error) {
      // What the server says of a file is for people; what the line says is not.
      const fault = error instanceof MevrikError && error.status >= 400 ? error.message : '';
      this.#put(key, { key, file, fault });
    }
  }

  remove(key: string): void {
    this.#put(key);
  }

  #put(key: string, upload?: Upload): void {
    this.#all = [...this.#all.filter((one) => one.key !== key), ...(upload ? [upload] : [])];
    this.#options.onChange(this.#all);
  }
}
