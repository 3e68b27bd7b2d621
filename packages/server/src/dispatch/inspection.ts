import { type Event, type EventName, eventNames } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import { type EventRow, eventColumns, toEvent } from '../log/log.ts';
import { broadcastSubscription } from './broadcast-lane.ts';
import type { Listener, ListenerTable } from './listener.ts';

/** A listener as people see it: what it listens to, and how it is doing. */
export interface SubscriptionState {
  readonly name: string;
  readonly summary: string;
  readonly events: readonly string[];
  readonly mode: 'sync' | 'queued' | 'broadcast';
  /** `retired` ones have checkpoints in the database but no listener in this version. */
  readonly status: 'active' | 'paused' | 'retired';
  readonly pauseReason: string | null;
  /** Events that it has before it, over all partitions. */
  readonly lag: number;
  readonly parked: number;
  readonly dead: number;
}

/** What one listener made of one event. */
export interface ListenerOutcome {
  readonly listener: string;
  readonly outcome: 'done' | 'skipped' | 'pending' | 'parked' | 'dead';
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
  readonly failures: readonly AttemptFailure[];
}

/** One event with all that came of it. */
export interface EventStory {
  readonly event: Event;
  readonly listeners: readonly ListenerOutcome[];
  /** All events of the same chain, oldest first, this one among them. */
  readonly chain: readonly Event[];
}

/** Which events are meant; what is absent matches all. */
export interface EventFilter {
  readonly type?: string | undefined;
  readonly key?: string | undefined;
  readonly sessionId?: number | undefined;
  readonly appId?: number | undefined;
  readonly correlationId?: string | undefined;
  /** The id of the last event of the page before: ids are UUIDv7, so older ones are smaller. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Reads the log and the dispatcher's books for people. */
export interface DispatchInspection {
  listSubscriptions(): Promise<readonly SubscriptionState[]>;
  /** Newest first. */
  listEvents(filter: EventFilter): Promise<{ events: readonly Event[]; nextCursor: string | null }>;
  eventStory(eventId: string): Promise<EventStory | undefined>;
}

/** Makes the inspection of a database for a table of listeners. */
export function createInspection<Needs>(database: Database, table: ListenerTable<Needs>): DispatchInspection {
  const { sql } = database;
  const listenersOf = (name: EventName) => table[name] as readonly Listener<Needs>[];

  return {
    async listSubscriptions() {
      const rows = await sql<StateRow[]>`
        SELECT subscriptions.name, status, pause_reason,
               (SELECT coalesce(sum(head - "offset"), 0)::bigint FROM checkpoints JOIN log_partitions USING (partition)
                WHERE subscription = subscriptions.name) AS lag,
               (SELECT count(*)::int FROM parked_events
                WHERE subscription = subscriptions.name AND parked_events.status = 'waiting') AS parked,
               (SELECT count(*)::int FROM parked_events
                WHERE subscription = subscriptions.name AND parked_events.status = 'dead') AS dead
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
          summary: broadcast ? 'Brings the events that are broadcast to the gateway.' : '',
          events: [],
          mode: broadcast ? 'broadcast' : 'queued',
          status: broadcast ? row.status : 'retired',
        });
      }
      return [...states.values()];
    },

    async listEvents(filter) {
      const rows = await sql<EventRow[]>`
        SELECT ${eventColumns(sql)} FROM events
        WHERE (${filter.type ?? null}::text IS NULL OR type = ${filter.type ?? null})
          AND (${filter.key ?? null}::text IS NULL OR key = ${filter.key ?? null})
          AND (${filter.sessionId ?? null}::bigint IS NULL OR session_id = ${filter.sessionId ?? null}::bigint)
          AND (${filter.appId ?? null}::int IS NULL OR app_id = ${filter.appId ?? null}::int)
          AND (${filter.correlationId ?? null}::uuid IS NULL OR correlation_id = ${filter.correlationId ?? null}::uuid)
          AND (${filter.before ?? null}::uuid IS NULL OR id < ${filter.before ?? null}::uuid)
        ORDER BY id DESC LIMIT ${filter.limit + 1}`;
      const events = rows.slice(0, filter.limit).map(toEvent);
      return { events, nextCursor: rows.length > filter.limit ? (events.at(-1)?.id ?? null) : null };
    },

    async eventStory(eventId) {
      const [row] = await sql<EventRow[]>`SELECT ${eventColumns(sql)} FROM events WHERE id = ${eventId}`;
      if (!row) return undefined;
      const event = toEvent(row);
      // What a listener raised is there as soon as it has handled the event: never told the other way round.
      const records = await recordsOf(sql, event);
      const chain = await sql<EventRow[]>`
        SELECT ${eventColumns(sql)} FROM events WHERE correlation_id = ${event.correlationId} ORDER BY id LIMIT 500`;
      const listeners = listenersOf(event.type).map((listener) =>
        listener.mode === 'sync'
          ? doneInside(listener.name, event)
          : outcomeOf(listener.name, event, records),
      );
      return {
        event,
        listeners,
        chain: chain.map(toEvent),
      };
    },
  };
}

interface StateRow {
  name: string;
  status: 'active' | 'paused';
  pause_reason: string | null;
  lag: number;
  parked: number;
  dead: number;
}

function stateOf(name: string, row: StateRow | undefined) {
  return {
    name,
    status: row?.status ?? ('active' as const),
    pauseReason: row?.pause_reason ?? null,
    lag: row?.lag ?? 0,
    parked: row?.parked ?? 0,
    dead: row?.dead ?? 0,
  };
}

interface Records {
  readonly handled: readonly {
    subscription: string;
    started_at: string;
    finished_at: string;
    duration_us: number;
    attempt: number;
    failures: AttemptFailure[] | null;
  }[];
  readonly parked: readonly {
    subscription: string;
    status: 'waiting' | 'dead';
    attempts: number;
    failures: AttemptFailure[];
  }[];
  readonly places: ReadonlyMap<string, number>;
}

async function recordsOf(sql: Sql, event: Event): Promise<Records> {
  const [handled, parked, places] = await Promise.all([
    sql<Records['handled'][number][]>`
      SELECT subscription, started_at, finished_at, attempt, failures,
             durations_us[array_position(offsets, ${event.offset}::bigint)] AS duration_us
      FROM handled_batches
      WHERE partition = ${event.partition} AND last_offset >= ${event.offset}
        AND offsets @> ARRAY[${event.offset}::bigint]
      ORDER BY attempt`,
    sql<Records['parked'][number][]>`
      SELECT subscription, status, attempts, failures FROM parked_events
      WHERE partition = ${event.partition} AND "offset" = ${event.offset}`,
    sql<{ subscription: string; offset: number }[]>`
      SELECT subscription, "offset" FROM checkpoints WHERE partition = ${event.partition}`,
  ]);
  return { handled, parked, places: new Map(places.map((row) => [row.subscription, row.offset])) };
}

/** A sync listener has no books of its own: its event is in the log because it succeeded. */
function doneInside(listener: string, event: Event): ListenerOutcome {
  const at = event.occurredAt;
  return {
    listener,
    outcome: 'done',
    startedAt: at,
    finishedAt: at,
    durationMs: null,
    attempt: 1,
    failures: [],
  };
}

function outcomeOf(listener: string, event: Event, records: Records): ListenerOutcome {
  const parked = records.parked.find((one) => one.subscription === listener);
  if (parked) {
    return {
      listener,
      outcome: parked.status === 'dead' ? 'dead' : 'parked',
      startedAt: null,
      finishedAt: null,
      durationMs: null,
      attempt: parked.attempts,
      failures: parked.failures,
    };
  }
  const handled = records.handled.findLast((one) => one.subscription === listener);
  if (handled) {
    return {
      listener,
      outcome: handled.duration_us < 0 ? 'skipped' : 'done',
      startedAt: handled.started_at,
      finishedAt: handled.finished_at,
      durationMs: Math.max(0, handled.duration_us) / 1000,
      attempt: handled.attempt,
      failures: handled.failures ?? [],
    };
  }
  // Its record may have been trimmed; the checkpoint is the truth of whether it was handled.
  const passed = (records.places.get(listener) ?? 0) >= event.offset;
  return {
    listener,
    outcome: passed ? 'done' : 'pending',
    startedAt: null,
    finishedAt: null,
    durationMs: null,
    attempt: null,
    failures: [],
  };
}
