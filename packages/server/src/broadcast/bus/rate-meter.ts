const windowMs = 10_000;

/** Counts something and computes its current rate per second. */
class RateMeter {
  total = 0;
  #windowAt = performance.now();
  #inWindow = 0;
  #inLastWindow = 0;

  /** Adds to the count. */
  add(count: number): void {
    this.#advanceWindow();
    this.total += count;
    this.#inWindow += count;
  }

  /** The rate over the last ten to twenty seconds. */
  get perSecond(): number {
    this.#advanceWindow();
    const elapsedMs = performance.now() - this.#windowAt;
    return ((this.#inWindow + this.#inLastWindow) * 1000) / (windowMs + elapsedMs);
  }

  #advanceWindow(): void {
    const windows = Math.floor((performance.now() - this.#windowAt) / windowMs);
    if (windows === 0) return;
    this.#inLastWindow = windows === 1 ? this.#inWindow : 0;
    this.#inWindow = 0;
    this.#windowAt += windows * windowMs;
  }
}

/** Counts messages and their bytes. */
export class FlowMeter {
  readonly messages = new RateMeter();
  readonly bytes = new RateMeter();

  /** Counts messages with their total size in bytes. */
  add(messages: number, bytes: number): void {
    this.messages.add(messages);
    this.bytes.add(bytes);
  }

  /** The current totals and rates. */
  read(): Flow {
    return {
      messages: this.messages.total,
      bytes: this.bytes.total,
      messagesPerSecond: round(this.messages.perSecond),
      bytesPerSecond: round(this.bytes.perSecond),
    };
  }
}

/** Traffic in one direction: totals since the process started, and current rates. */
export interface Flow {
  readonly messages: number;
  readonly bytes: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** The outcomes of one app's webhook events on this node. */
export interface WebhookMetrics {
  /** Events in requests answered with 2xx. */
  sent: number;
  /** Events in requests that were abandoned. */
  failed: number;
  /** Events dropped because the queue of an unresponsive URL was full. */
  dropped: number;
}

/** The traffic of one app's clients on this node. */
export class AppTraffic {
  /** Broadcasts, counted once per receiving connection. */
  readonly sent = new FlowMeter();
  readonly received = new FlowMeter();
  /** Connections closed because they read too slowly. */
  cutOff = 0;
  readonly webhooks: WebhookMetrics = { sent: 0, failed: 0, dropped: 0 };
}

/** The traffic of all apps on this node. */
export class Traffic {
  readonly #apps = new Map<number, AppTraffic>();

  /** The traffic of one app. */
  of(appId: number): AppTraffic {
    const known = this.#apps.get(appId);
    if (known) return known;
    const made = new AppTraffic();
    this.#apps.set(appId, made);
    return made;
  }

  /** The apps with any traffic. */
  apps(): Iterable<readonly [appId: number, AppTraffic]> {
    return this.#apps;
  }
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10;
}
