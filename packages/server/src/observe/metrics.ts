import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { DispatchObserver } from '../dispatch/dispatch-options.ts';
import { createDispatchMetrics } from './dispatch-metrics.ts';
import { type WatchedApp, watchGateway } from './gateway-metrics.ts';
import { addCounter, addHistogram } from './prometheus.ts';

/** The metrics of a process, for Prometheus. */
export interface Metrics {
  /** Receives the dispatcher's measurements. */
  readonly dispatch: DispatchObserver;
  /** Counts an answered request. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Counts a webhook event by its outcome. */
  webhookEvent(provider: string, outcome: string): void;
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

/**
 * Creates the metrics of a process.
 * @param readAll returns the metrics of all processes that share the port, including this one; it is given a function
 * that reads those of this one.
 */
export function createMetrics(readAll?: (readOwn: Metrics['read']) => Promise<readonly object[]>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const read = () => registry.getMetricsAsJSON();
  return {
    dispatch: createDispatchMetrics(registry),
    ...createTrafficMetrics(registry),
    watch: (name, help, read, aggregator = 'sum') => addGauge(registry, { name, help, read, aggregator }),
    watchGateway: (gateway) => watchGateway(registry, gateway),
    contentType: registry.contentType,
    read,
    print: async () =>
      (readAll ? AggregatorRegistry.aggregate([...(await readAll(read))]) : registry).metrics(),
  };
}

/** The metrics of requests, webhook events and delivery attempts. */
function createTrafficMetrics(registry: Registry): Pick<Metrics, 'request' | 'webhookEvent' | 'attempt'> {
  const requests = addHistogram(registry, {
    name: 'mevrik_http_request_seconds',
    help: 'Duration of HTTP requests, in seconds.',
    labelNames: ['method', 'route', 'status'],
  });
  const webhookEvents = addCounter(registry, {
    name: 'mevrik_webhook_events_total',
    help: 'Webhook events from providers, by outcome.',
    labelNames: ['provider', 'outcome'],
  });
  const attempts = addCounter(registry, {
    name: 'mevrik_delivery_attempts_total',
    help: 'Attempts to send a message to a provider, by outcome.',
    labelNames: ['kind', 'outcome'],
  });
  return {
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    webhookEvent: (provider, outcome) => webhookEvents.inc({ provider, outcome }),
    attempt: (kind, outcome) => attempts.inc({ kind, outcome }),
  };
}

interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  readonly read: () => number | Promise<number>;
  readonly aggregator: 'sum' | 'max';
}

function addGauge(registry: Registry, { name, help, read, aggregator }: GaugeOptions): void {
  new Gauge({
    name,
    help,
    aggregator,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}
