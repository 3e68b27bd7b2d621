import { type EventName, eventNames, type LoggedEventPage, type SubscriptionState } from '@mevrik/protocol';
import type { Database } from '../../db/database.ts';
import { broadcastSubscription } from '../broadcast-lane.ts';
import type { Listener, ListenerTable } from '../listener.ts';
import { type EventFilter, listEvents } from './event-list.ts';
import { type LoggedStory, readStory } from './event-story.ts';

/** Reads the log and the dispatcher's records for the admin panel and the CLI. */
export interface DispatchInspection {
  /** Pauses, parked events and dead letters are those of `appIds`, or of all apps; the lag is that of all. */
  listSubscriptions(appIds?: readonly number[] | null): Promise<SubscriptionState[]>;
  /** Newest first. */
  listEvents(filter: EventFilter): Promise<LoggedEventPage>;
  eventStory(eventId: string): Promise<LoggedStory | undefined>;
}

/** Creates the inspection of a database for a table of listeners. `isBroadcasting`: events are broadcast to clients. */
export function createInspection<Deps>(
  database: Database,
  table: ListenerTable<Deps>,
  isBroadcasting = true,
): DispatchInspection {
  const { sql } = database;
  const listenersOf = (name: EventName) => table[name] as readonly Listener<Deps>[];
  const listenerEvents = eventNames.flatMap((type) =>
    listenersOf(type)
      .filter(({ mode }) => mode === 'queued')
      .map(({ name }) => ({ subscription: name, type })),
  );

  return {
    async listSubscriptions(appIds = null) {
      const isVisible = sql`(${appIds === null} OR app_id = ANY (${appIds ?? []}::int[]))`;
      const rows = await sql<StateRow[]>`
        SELECT subscriptions.name,
               (SELECT coalesce(json_agg(json_build_object('appId', app_id, 'reason', reason, 'since', paused_at)
                                         ORDER BY paused_at, app_id), '[]')
                FROM paused_apps WHERE subscription = subscriptions.name AND ${isVisible}) AS paused_apps,
               ARRAY(SELECT DISTINCT app_id FROM app_checkpoints AS own
                WHERE subscription = subscriptions.name AND ${isVisible} AND NOT EXISTS (
                  SELECT FROM paused_apps
                  WHERE paused_apps.subscription = own.subscription AND paused_apps.app_id = own.app_id
                ) ORDER BY app_id) AS catching_up,
               (SELECT coalesce(sum(head - "offset"), 0)::bigint FROM checkpoints JOIN log_partitions USING (partition)
                WHERE subscription = subscriptions.name) AS lag,
               (SELECT min(occurred_at) FROM checkpoints JOIN log_partitions USING (partition)
                  JOIN events ON events.partition = checkpoints.partition
                             AND events."offset" = checkpoints."offset" + 1
                WHERE subscription = subscriptions.name AND head > checkpoints."offset") AS behind_since,
               (SELECT count(*)::int FROM parked_events
                WHERE subscription = subscriptions.name AND parked_events.status = 'waiting'
                  AND ${isVisible}) AS parked,
               (SELECT count(*)::int FROM parked_events
                WHERE subscription = subscriptions.name AND parked_events.status = 'dead'
                  AND ${isVisible}) AS dead
        FROM subscriptions ORDER BY subscriptions.name`;
      const states = new Map<string, SubscriptionState>();
      for (const name of eventNames) {
        for (const listener of listenersOf(name)) {
          const known = states.get(listener.name);
          const row = rows.find((one) => one.name === listener.name);
          states.set(listener.name, {
            ...stateOf(listener.name, row),
            summary: listener.summary,
            events: [...(known?.events ?? []), name],
            mode: listener.mode,
          });
        }
      }
      for (const row of rows.filter((one) => !states.has(one.name))) {
        const broadcast = row.name === broadcastSubscription;
        states.set(row.name, {
          ...stateOf(row.name, row),
          summary: broadcast ? 'Publishes broadcast events to connected clients.' : '',
          events: [],
          mode: broadcast ? 'broadcast' : 'queued',
          status: broadcast ? 'active' : 'retired',
        });
      }
      return [...states.values()];
    },

    listEvents: (filter) => listEvents(sql, filter, listenerEvents),
    eventStory: (eventId) => readStory(sql, table, eventId, isBroadcasting),
  };
}

interface StateRow {
  name: string;
  paused_apps: { appId: number; reason: string; since: string }[];
  catching_up: number[];
  lag: number;
  behind_since: string | null;
  parked: number;
  dead: number;
}

function stateOf(name: string, row: StateRow | undefined) {
  return {
    name,
    status: row && row.paused_apps.length > 0 ? ('paused' as const) : ('active' as const),
    pausedApps: row?.paused_apps ?? [],
    catchingUp: row?.catching_up ?? [],
    lag: row?.lag ?? 0,
    behindSince: row?.behind_since ?? null,
    parked: row?.parked ?? 0,
    dead: row?.dead ?? 0,
  };
}
