import { Counter, Histogram, type Registry } from 'prom-client';

/** From half a millisecond to the default time limit of a listener. */
const secondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: string[];
}

/** Adds a counter to a registry. */
export function addCounter(registry: Registry, options: MetricOptions): Counter {
  return new Counter({ ...options, registers: [registry] });
}

/** Adds a histogram of durations in seconds to a registry. */
export function addHistogram(registry: Registry, options: MetricOptions): Histogram {
  return new Histogram({ ...options, buckets: secondsBuckets, registers: [registry] });
}
