const windowMs = 10_000;

/** Counts something, and tells how much of it there is in a second at the moment. */
class RateMeter {
  total = 0;
  #windowAt = performance.now();
  #inWindow = 0;
  #inLastWindow = 0;

  /** Counts so many more. */
  add(count: number): void {
    this.#turn();
    this.total += count;
    this.#inWindow += count;
  }

  /** Over the last ten to twenty seconds. */
  get perSecond(): number {
    this.#turn();
    const elapsedMs = performance.now() - this.#windowAt;
    return ((this.#inWindow + this.#inLastWindow) * 1000) / (windowMs + elapsedMs);
  }

  #turn(): void {
    const windows = Math.floor((performance.now() - this.#windowAt) / windowMs);
    if (windows === 0) return;
    this.#inLastWindow = windows === 1 ? this.#inWindow : 0;
    this.#inWindow = 0;
    this.#windowAt += windows * windowMs;
  }
}

/** Messages and their bytes. */
export class FlowMeter {
  readonly messages = new RateMeter();
  readonly bytes = new RateMeter();

  /** Counts messages, with the bytes of all of them. */
  add(messages: number, bytes: number): void {
    this.messages.add(messages);
    this.bytes.add(bytes);
  }

  /** As inspection shows it. */
  read(): Flow {
    return {
      messages: this.messages.total,
      bytes: this.bytes.total,
      messagesPerSecond: round(this.messages.perSecond),
      bytesPerSecond: round(this.bytes.perSecond),
    };
  }
}

/** What has gone one way since the process began, and how fast it goes now. */
export interface Flow {
  readonly messages: number;
  readonly bytes: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What became of the webhook events of one app on this node. */
export interface WebhookMetrics {
  /** In requests that were answered with 2xx. */
  sent: number;
  /** In requests that were given up. */
  failed: number;
  /** There was no room for them while an address did not answer. */
  dropped: number;
}

/** What goes to and from the clients of one app on this node. */
export class AppTraffic {
  /** Broadcasts, counted once for each connection that they went to. */
  readonly sent = new FlowMeter();
  readonly received = new FlowMeter();
  /** Connections that were cut off because they read too slowly. */
  cutOff = 0;
  readonly webhooks: WebhookMetrics = { sent: 0, failed: 0, dropped: 0 };
}

/** The traffic of all apps on this node. */
export class Traffic {
  readonly #apps = new Map<number, AppTraffic>();

  /** That of one app. */
  of(appId: number): AppTraffic {
    const known = this.#apps.get(appId);
    if (known) return known;
    const made = new AppTraffic();
    this.#apps.set(appId, made);
    return made;
  }

  /** The apps that had any. */
  apps(): Iterable<readonly [appId: number, AppTraffic]> {
    return this.#apps;
  }
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10;
}
