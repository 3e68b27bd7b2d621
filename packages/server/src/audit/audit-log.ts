import { Unfinished } from '../domain/unfinished.ts';
import type { AuditEntry } from './audit.ts';

/** What strangers can cause as often as they like. */
const repeatedActions = new Set(['request.reject', 'webhook.reject', 'subscription.reject']);

/** How long the same entry is only counted after it was written. */
const windowMs = 60_000;
/** Different entries of this kind that are written for an app within that time; others are only counted. */
const maxEntries = 100;

/** The options of an audit log. */
export interface AuditLogOptions {
  readonly write: (entry: AuditEntry) => Promise<void>;
  /** Called when an entry could not be written. */
  readonly onError: (entry: AuditEntry, error: unknown) => void;
}

/**
 * Writes audit entries without waiting for them. Rejections are written once; how often each was repeated within a minute
 * is one more entry, and so is how many more of other kinds an app had: a flood of them does not fill the disk, nor hide the
 * rejections of other apps.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #unfinished = new Unfinished();
  readonly #recent = new Map<string, { readonly entry: AuditEntry; repeats: number }>();
  /** The entries of each app that were written, and those that were only counted. */
  readonly #apps = new Map<number | null, { written: number; others: number }>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** Adds an entry. */
  add(entry: AuditEntry): void {
    if (repeatedActions.has(entry.action) && !this.#isStopped) this.#addRepeated(entry);
    else this.#write(entry);
  }

  #addRepeated(entry: AuditEntry): void {
    const kind = kindOf(entry);
    const known = this.#recent.get(kind);
    if (known) {
      known.repeats += 1;
      return;
    }
    const app = this.#apps.get(entry.appId) ?? { written: 0, others: 0 };
    this.#apps.set(entry.appId, app);
    if (app.written >= maxEntries) {
      app.others += 1;
      return;
    }
    app.written += 1;
    this.#recent.set(kind, { entry, repeats: 0 });
    this.#write(entry);
    this.#timer ??= setTimeout(() => this.#writeRepeats(), windowMs).unref();
  }

  /** Writes what was only counted, and resolves when everything is written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#writeRepeats();
    await this.#unfinished.ended();
  }

  #writeRepeats(): void {
    this.#timer = undefined;
    for (const { entry, repeats } of this.#recent.values()) {
      if (repeats === 0) continue;
      this.#write({ ...entry, detail: { ...withoutOrigin(entry), repeats } });
    }
    for (const [appId, { others }] of this.#apps) {
      if (others === 0) continue;
      this.#write({
        appId,
        actor: 'various',
        action: 'request.reject',
        target: null,
        detail: { repeats: others },
      });
    }
    this.#recent.clear();
    this.#apps.clear();
  }

  #write(entry: AuditEntry): void {
    const { write, onError } = this.#options;
    void this.#unfinished.add(write(entry)).catch((error: unknown) => onError(entry, error));
  }
}

/** The same for entries that differ in nothing but the request or the connection. */
function kindOf(entry: AuditEntry): string {
  const { appId, actor, action, target } = entry;
  return JSON.stringify([appId, actor, action, target, withoutOrigin(entry)]);
}

/** The detail of an entry without the request or the connection that it came from. */
function withoutOrigin({ detail = {} }: AuditEntry): Record<string, unknown> {
  const { requestId: _, socketId: __, ...rest } = detail;
  return rest;
}
