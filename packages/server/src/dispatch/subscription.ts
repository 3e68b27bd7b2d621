import { type Event, type EventName, eventNames } from '@mevrik/protocol';
import type { ListenerTable, QueuedListener, SyncListener } from './listener.ts';

/** A queued listener and the events it is registered for. */
export interface Subscription {
  readonly name: string;
  readonly events: ReadonlySet<string>;
  readonly listener: QueuedListener<unknown>;
}

/** The queued listeners of the table, in the order in which they first appear. */
export function subscriptionsOf<Deps>(table: ListenerTable<Deps>): readonly Subscription[] {
  const found = new Map<string, { listener: QueuedListener<unknown>; events: Set<EventName> }>();
  for (const name of eventNames) {
    for (const listener of table[name]) {
      if (listener.mode !== 'queued') continue;
      const known = found.get(listener.name);
      if (known && known.listener !== (listener as unknown)) {
        throw new Error(
          `Two queued listeners are called ${listener.name}. Names must be unique and permanent.`,
        );
      }
      const entry = known ?? { listener: listener as unknown as QueuedListener<unknown>, events: new Set() };
      entry.events.add(name);
      found.set(listener.name, entry);
    }
  }
  return [...found].map(([name, { listener, events }]) => ({ name, events, listener }));
}

/** The sync listeners of an event, in the table's order. */
export function syncListenersOf<Deps>(
  table: ListenerTable<Deps>,
  event: EventName,
): readonly SyncListener<Deps>[] {
  return (table[event] as readonly { mode: string }[]).filter(
    (listener) => listener.mode === 'sync',
  ) as unknown as readonly SyncListener<Deps>[];
}

/** The names of the subscriptions whose dead letters block their keys. */
export function holdingNames(subscriptions: readonly Subscription[]): readonly string[] {
  return subscriptions.filter(({ listener }) => listener.onDeadLetter === 'hold').map(({ name }) => name);
}

/** Whether an event matches the condition of a subscription's listener. */
export function wants(subscription: Subscription, event: Event, environment: string): boolean {
  return subscription.listener.when?.(event, { environment }) ?? true;
}
