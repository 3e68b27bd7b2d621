import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Traffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayApp, GatewayLog } from '../gateway-deps.ts';

/** One thing that an app's back end is told, as Pusher's webhooks write it. */
export type PusherWebhookEvent = { readonly name: string; readonly channel: string } & Readonly<
  Record<string, string | number>
>;

type SenderConfig = Pick<GatewayConfig, 'webhookGatherMs' | 'webhookGiveUpMs' | 'webhookPauseMs'>;

const eventsAtOnce = 50;
const maxWaiting = 1_000;
const timeOutMs = 5_000;
const longestPauseMs = 60_000;
const lastWordsMs = 3_000;

interface Line {
  readonly waiting: PusherWebhookEvent[];
  app: GatewayApp;
  sending: Promise<void> | undefined;
}

/**
 * Posts events to the back ends of apps, signed with the app's secret: in their order, many in one request, and again
 * when that fails. What a back end cannot be told in five minutes is given up.
 */
export class WebhookSender {
  readonly #log: GatewayLog;
  readonly #traffic: Traffic;
  readonly #config: SenderConfig;
  readonly #lines = new Map<string, Line>();
  readonly #stopping = new AbortController();

  constructor(log: GatewayLog, traffic: Traffic, config: SenderConfig) {
    this.#traffic = traffic;
    this.#log = log;
    this.#config = config;
  }

  /** Takes an event for an address of an app. */
  post(app: GatewayApp, url: string, event: PusherWebhookEvent): void {
    const key = `${app.id} ${url}`;
    const line = this.#lines.get(key) ?? { waiting: [], app, sending: undefined };
    this.#lines.set(key, line);
    // The secret may have changed.
    line.app = app;
    if (line.waiting.length >= maxWaiting) {
      line.waiting.shift();
      this.#traffic.of(app.id).webhooks.dropped += 1;
    }
    line.waiting.push(event);
    line.sending ??= this.#work(line, url, key);
  }

  /** Sends once more what waits, for a moment. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const sent = Promise.all([...this.#lines.values()].map(({ sending }) => sending));
    await Promise.race([sent, delay(lastWordsMs, undefined, { ref: false })]);
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #work(line: Line, url: string, key: string): Promise<void> {
    const statistics = this.#traffic.of(line.app.id).webhooks;
    while (line.waiting.length > 0) {
      if (line.waiting.length < eventsAtOnce) await this.#pause(this.#config.webhookGatherMs);
      const events = line.waiting.splice(0, eventsAtOnce);
      const fault = await this.#sendPatiently(line, url, events);
      if (fault === undefined) {
        statistics.sent += events.length;
        continue;
      }
      statistics.failed += events.length;
      this.#log.warn(
        { app: line.app.key, host: hostOf(url), events: events.length, fault },
        'a webhook was given up',
      );
    }
    // At once: what came between the last look at the line and its end would wait for nobody.
    this.#lines.delete(key);
  }

  /** Gives what was wrong the last time, or nothing. */
  async #sendPatiently(
    line: Line,
    url: string,
    events: readonly PusherWebhookEvent[],
  ): Promise<string | undefined> {
    const { webhookPauseMs: pauseMs, webhookGiveUpMs: giveUpMs } = this.#config;
    const startedAt = performance.now();
    for (let failures = 1; ; failures += 1) {
      const fault = await this.#send(line.app, url, events);
      if (fault === undefined) return undefined;
      const next = Math.min(longestPauseMs, pauseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      if (this.#isStopping || performance.now() - startedAt + next > giveUpMs) return fault;
      await this.#pause(next);
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
        // Elsewhere it would be signed for somebody who was not meant.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeOutMs),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `answered ${response.status}`;
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'not reached';
    }
  }

  /** Ends at once when the process does. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => {});
  }
}

/** Addresses may carry a secret of their own. */
function hostOf(url: string): string {
  return new URL(url).host;
}
