import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type BackOff, backOffMs } from '../../domain/back-off.ts';
import { pause } from '../../domain/pause.ts';
import type { Traffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayApp, GatewayLog } from '../gateway-deps.ts';

/** One webhook event in Pusher's format. */
export type PusherWebhookEvent = { readonly name: string; readonly channel: string } & Readonly<
  Record<string, string | number>
>;

type SenderConfig = Pick<GatewayConfig, 'webhookGatherMs' | 'webhookGiveUpMs' | 'webhookPauseMs'>;

const eventsAtOnce = 50;
const maxWaiting = 1_000;
const timeOutMs = 5_000;
const longestPauseMs = 60_000;
const stopTimeoutMs = 3_000;

interface SendQueue {
  readonly waiting: PusherWebhookEvent[];
  /** Requests in a row that failed: a dead endpoint is tried less and less often, whichever events wait for it. */
  failures: number;
  app: GatewayApp;
  sending: Promise<void> | undefined;
}

/**
 * Posts events to the back ends of apps, signed with the app's secret: in order, batched, and with retries. Requests that
 * fail for five minutes are abandoned.
 */
export class WebhookSender {
  readonly #log: GatewayLog;
  readonly #traffic: Traffic;
  readonly #config: SenderConfig;
  readonly #queues = new Map<string, SendQueue>();
  readonly #stopping = new AbortController();
  readonly #pauseFor: typeof pause;

  /** @param pauseFor how it pauses; a test does not want to wait. */
  constructor(log: GatewayLog, traffic: Traffic, config: SenderConfig, pauseFor = pause) {
    this.#traffic = traffic;
    this.#log = log;
    this.#config = config;
    this.#pauseFor = pauseFor;
  }

  /** Queues an event for a URL of an app. */
  post(app: GatewayApp, url: string, event: PusherWebhookEvent): void {
    const key = `${app.id} ${url}`;
    const queue = this.#queues.get(key) ?? { waiting: [], failures: 0, app, sending: undefined };
    this.#queues.set(key, queue);
    // The secret may have changed.
    queue.app = app;
    if (queue.waiting.length >= maxWaiting) {
      queue.waiting.shift();
      this.#traffic.of(app.id).webhooks.dropped += 1;
    }
    queue.waiting.push(event);
    queue.sending ??= this.#drain(queue, url, key);
  }

  /** Tries once more to send what is queued, for a few seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const sent = Promise.all([...this.#queues.values()].map(({ sending }) => sending));
    await Promise.race([sent, delay(stopTimeoutMs, undefined, { ref: false })]);
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #drain(queue: SendQueue, url: string, key: string): Promise<void> {
    const statistics = this.#traffic.of(queue.app.id).webhooks;
    while (queue.waiting.length > 0) {
      if (queue.waiting.length < eventsAtOnce) await this.#pause(this.#config.webhookGatherMs);
      const events = queue.waiting.splice(0, eventsAtOnce);
      const failure = await this.#sendWithRetries(queue, url, events);
      if (failure === undefined) {
        statistics.sent += events.length;
        continue;
      }
      statistics.failed += events.length;
      this.#log.warn(
        { app: queue.app.key, host: hostOf(url), events: events.length, failure },
        'webhook delivery abandoned',
      );
    }
    // Synchronously after the last check: an event queued in between would never be sent.
    this.#queues.delete(key);
  }

  /** Resolves to the last failure, or `undefined` on success. */
  async #sendWithRetries(
    queue: SendQueue,
    url: string,
    events: readonly PusherWebhookEvent[],
  ): Promise<string | undefined> {
    const { webhookPauseMs: firstMs, webhookGiveUpMs: giveUpMs } = this.#config;
    const backOff: BackOff = { firstMs, longestMs: longestPauseMs, jitter: [0.5, 1] };
    const startedAt = performance.now();
    for (;;) {
      const failure = await this.#send(queue.app, url, events);
      queue.failures = failure === undefined ? 0 : queue.failures + 1;
      if (failure === undefined) return undefined;
      const next = backOffMs(backOff, queue.failures);
      const isLast = this.#isStopping || performance.now() - startedAt + next > giveUpMs;
      await this.#pause(next);
      if (isLast) return failure;
    }
  }

  async #send(
    app: GatewayApp,
    url: string,
    events: readonly PusherWebhookEvent[],
  ): Promise<string | undefined> {
    const body = JSON.stringify({ time_ms: Date.now(), events });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-pusher-key': app.key,
          'x-pusher-signature': createHmac('sha256', app.secret).update(body).digest('hex'),
        },
        body,
        // A redirect would disclose signed events to another server.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeOutMs),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `responded with ${response.status}`;
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'no response in time' : 'unreachable';
    }
  }

  /** Ends immediately when the sender stops. */
  #pause(ms: number): Promise<void> {
    return this.#pauseFor(ms, this.#stopping.signal, { ref: false });
  }
}

/** URLs may contain secrets. */
function hostOf(url: string): string {
  return new URL(url).host;
}
