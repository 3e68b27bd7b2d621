import type { Event } from '@mevrik/protocol';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DispatchObserver } from '../dispatch/dispatch-options.ts';
import { type WatchedApp, watchGateway } from './gateway-metrics.ts';

/** The metrics of a process, for Prometheus. */
export interface Metrics {
  /** Receives the dispatcher's measurements. */
  readonly dispatch: DispatchObserver;
  /** Counts an answered request. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Counts a webhook event by its outcome. */
  update(provider: string, outcome: string): void;
  /** Counts a delivery attempt by its outcome. */
  attempt(kind: string, outcome: string): void;
  /** Registers a gauge that is read at each scrape. The values of several workers are summed by default. */
  watch(name: string, help: string, read: () => number | Promise<number>, aggregator?: 'sum' | 'max'): void;
  /** Registers the metrics of the gateway, read at each scrape. */
  watchGateway(gateway: { state(): readonly WatchedApp[] }): void;
  readonly contentType: string;
  /** The metrics of this process, to be aggregated by another process. */
  read(): Promise<object>;
  /** All metrics in Prometheus' text format. */
  print(): Promise<string>;
}

/** From half a millisecond to the default time limit of a listener. */
const secondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/**
 * Creates the metrics of a process.
 * @param readAll returns the metrics of all processes that share the port, including this one.
 */
export function createMetrics(readAll?: () => Promise<readonly object[]>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const count = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const handled = count('mevrik_events_handled_total', 'Events handled by a listener.', ['listener']);
  const skipped = count('mevrik_events_skipped_total', 'Events skipped by a listener’s condition.', [
    'listener',
  ]);
  const failed = count('mevrik_event_failures_total', 'Failed attempts to handle an event.', ['listener']);
  const parked = count('mevrik_events_parked_total', 'Events parked for a retry.', ['listener']);
  const dead = count('mevrik_events_dead_total', 'Events that became dead letters.', ['listener']);
  const paused = count('mevrik_listeners_paused_total', 'Times a listener was paused automatically.', [
    'listener',
  ]);
  const updates = count('mevrik_webhook_events_total', 'Webhook events from providers, by outcome.', [
    'provider',
    'outcome',
  ]);
  const attempts = count(
    'mevrik_delivery_attempts_total',
    'Attempts to send a message to a provider, by outcome.',
    ['kind', 'outcome'],
  );
  const batches = new Histogram({
    name: 'mevrik_batch_seconds',
    help: 'Time a listener took to handle a batch of events, in seconds.',
    labelNames: ['listener'],
    buckets: secondsBuckets,
    registers,
  });
  const requests = new Histogram({
    name: 'mevrik_http_request_seconds',
    help: 'Duration of HTTP requests, in seconds.',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers,
  });
  const times = (name: string, help: string) =>
    new Histogram({ name, help, buckets: secondsBuckets, registers });
  const ages = times(
    'mevrik_event_age_seconds',
    'Time from an event until a listener handled it, in seconds.',
  );
  const broadcasts = times(
    'mevrik_broadcast_seconds',
    'Time from an event until it was sent to clients, in seconds.',
  );
  const ageOf = ({ occurredAt }: Event) => Math.max(0, Date.now() - Date.parse(occurredAt)) / 1000;
  return {
    dispatch: {
      handled(listener, done, skips, seconds) {
        if (done > 0) handled.inc({ listener }, done);
        if (skips > 0) skipped.inc({ listener }, skips);
        batches.observe({ listener }, seconds);
      },
      aged: (events) => {
        for (const event of events) ages.observe(ageOf(event));
      },
      broadcast: (events) => {
        for (const event of events) broadcasts.observe(ageOf(event));
      },
      failed: (listener) => failed.inc({ listener }),
      parked: (listener) => parked.inc({ listener }),
      dead: (listener) => dead.inc({ listener }),
      paused: (listener) => paused.inc({ listener }),
    },
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    update: (provider, outcome) => updates.inc({ provider, outcome }),
    attempt: (kind, outcome) => attempts.inc({ kind, outcome }),
    watch(name, help, read, aggregator = 'sum') {
      new Gauge({
        name,
        help,
        aggregator,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    watchGateway: (gateway) => watchGateway(registry, gateway),
    contentType: registry.contentType,
    read: () => registry.getMetricsAsJSON(),
    print: async () => (readAll ? AggregatorRegistry.aggregate([...(await readAll())]) : registry).metrics(),
  };
}
