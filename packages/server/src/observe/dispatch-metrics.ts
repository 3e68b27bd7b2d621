import type { Event } from '@mevrik/protocol';
import type { Registry } from 'prom-client';
import type { DispatchObserver } from '../dispatch/dispatch-options.ts';
import { addCounter, addHistogram } from './prometheus.ts';

/** Adds the dispatcher's metrics to a registry. */
export function createDispatchMetrics(registry: Registry): DispatchObserver {
  const countByListener = (name: string, help: string) =>
    addCounter(registry, { name, help, labelNames: ['listener'] });
  const handled = countByListener('mevrik_events_handled_total', 'Events handled by a listener.');
  const skipped = countByListener('mevrik_events_skipped_total', 'Events skipped by a listener’s condition.');
  const failed = countByListener('mevrik_event_failures_total', 'Failed attempts to handle an event.');
  const parked = countByListener('mevrik_events_parked_total', 'Events parked for a retry.');
  const dead = countByListener('mevrik_events_dead_total', 'Events that became dead letters.');
  const paused = countByListener('mevrik_listeners_paused_total', 'Times a listener was paused for an app.');
  const unreadable = addCounter(registry, {
    name: 'mevrik_events_unreadable_total',
    help: 'Events that were not broadcast because this version cannot read them.',
    labelNames: [],
  });
  const batches = addHistogram(registry, {
    name: 'mevrik_batch_seconds',
    help: 'Time a listener took to handle a batch of events, in seconds.',
    labelNames: ['listener'],
  });
  const ages = addHistogram(registry, {
    name: 'mevrik_event_age_seconds',
    help: 'Time from an event until a listener handled it, in seconds.',
  });
  const broadcasts = addHistogram(registry, {
    name: 'mevrik_broadcast_seconds',
    help: 'Time from an event until it was sent to clients, in seconds.',
  });
  return {
    handled(listener, done, skips, seconds) {
      if (done > 0) handled.inc({ listener }, done);
      if (skips > 0) skipped.inc({ listener }, skips);
      batches.observe({ listener }, seconds);
    },
    aged(events) {
      for (const event of events) ages.observe(ageSeconds(event));
    },
    broadcast(events) {
      for (const event of events) broadcasts.observe(ageSeconds(event));
    },
    failed: (listener) => failed.inc({ listener }),
    parked: (listener) => parked.inc({ listener }),
    dead: (listener) => dead.inc({ listener }),
    paused: (listener) => paused.inc({ listener }),
    unreadable: () => unreadable.inc(),
  };
}

function ageSeconds({ occurredAt }: Event): number {
  return Math.max(0, Date.now() - Date.parse(occurredAt)) / 1000;
}
