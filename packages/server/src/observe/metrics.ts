import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DispatchObserver } from '../dispatch/dispatch-options.ts';

/** What is counted, for Prometheus. */
export interface Metrics {
  /** What the dispatcher tells. */
  readonly dispatch: DispatchObserver;
  /** Notes an answered request. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Has a figure read whenever somebody asks. */
  watch(name: string, help: string, read: () => number): void;
  readonly contentType: string;
  /** All figures, in Prometheus' text form. */
  print(): Promise<string>;
}

/** From a fraction of a millisecond to the time after which a listener is given up. */
const secondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** Makes the figures of a process. */
export function createMetrics(): Metrics {
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
  return {
    dispatch: {
      handled(listener, done, skips, seconds) {
        if (done > 0) handled.inc({ listener }, done);
        if (skips > 0) skipped.inc({ listener }, skips);
        batches.observe({ listener }, seconds);
      },
      failed: (listener) => failed.inc({ listener }),
      parked: (listener) => parked.inc({ listener }),
      dead: (listener) => dead.inc({ listener }),
      paused: (listener) => paused.inc({ listener }),
    },
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    watch(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    contentType: registry.contentType,
    print: () => registry.metrics(),
  };
}
