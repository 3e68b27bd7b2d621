import type { Event } from '@mevrik/protocol';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DispatchObserver } from '../dispatch/dispatch-options.ts';
import { type WatchedApp, watchGateway } from './gateway-metrics.ts';

/** What is counted, for Prometheus. */
export interface Metrics {
  /** What the dispatcher tells. */
  readonly dispatch: DispatchObserver;
  /** Notes an answered request. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Notes what was made of a provider's update. */
  update(provider: string, outcome: string): void;
  /** Notes what came of handing something to a channel of a kind. */
  attempt(kind: string, outcome: string): void;
  /** Has a figure read whenever somebody asks. Those of several workers are added up, unless told otherwise. */
  watch(name: string, help: string, read: () => number | Promise<number>, aggregator?: 'sum' | 'max'): void;
  /** Has what is connected in real time read whenever somebody asks. */
  watchGateway(gateway: { state(): readonly WatchedApp[] }): void;
  readonly contentType: string;
  /** The figures of this process, for `print` of another. */
  read(): Promise<object>;
  /** All figures, in Prometheus' text form. */
  print(): Promise<string>;
}

/** From a fraction of a millisecond to the time after which a listener is given up. */
const secondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/**
 * Makes the figures of a process.
 * @param readAll gives those of every process that answers at the same address, this one among them.
 */
export function createMetrics(readAll?: () => Promise<readonly object[]>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const count = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const handled = count('mevrik_events_handled_total', 'Events that a listener handled.', ['listener']);
  const skipped = count('mevrik_events_skipped_total', 'Events that a listener did not want.', ['listener']);
  const failed = count('mevrik_event_failures_total', 'Failed attempts of a listener.', ['listener']);
  const parked = count('mevrik_events_parked_total', 'Events that were parked.', ['listener']);
  const dead = count('mevrik_events_dead_total', 'Events that became dead letters.', ['listener']);
  const paused = count('mevrik_listeners_paused_total', 'Times that a listener was paused.', ['listener']);
  const updates = count('mevrik_webhook_events_total', 'Updates of providers, by what was made of them.', [
    'provider',
    'outcome',
  ]);
  const attempts = count('mevrik_delivery_attempts_total', 'Times that something was handed to a provider.', [
    'kind',
    'outcome',
  ]);
  const batches = new Histogram({
    name: 'mevrik_batch_seconds',
    help: 'How long a listener took over a batch of events.',
    labelNames: ['listener'],
    buckets: secondsBuckets,
    registers,
  });
  const requests = new Histogram({
    name: 'mevrik_http_request_seconds',
    help: 'How long requests took.',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers,
  });
  const times = (name: string, help: string) =>
    new Histogram({ name, help, buckets: secondsBuckets, registers });
  const ages = times('mevrik_event_age_seconds', 'From an event until a listener had handled it.');
  const broadcasts = times('mevrik_broadcast_seconds', 'From an event until it was on its way to clients.');
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
