import {
  type Event,
  type EventName,
  ProblemError,
  type ReplayFilter,
  type ReplayRequest,
} from '@mevrik/protocol';
import type { Sql } from '../../db/sql.ts';
import { idAfter, idBefore } from '../../log/event-ids.ts';
import { type EventRow, eventColumns, toEvent } from '../../log/log.ts';
import { readReached } from '../reached.ts';
import { type Subscription, wants } from '../subscription.ts';

/** The maximum number of events of a replay. */
const replayLimit = 10_000;

/** What a replay would run: the matching events, and each listener's share of them. */
export interface ReplayPlan {
  /** In the order of the log. */
  readonly events: readonly Event[];
  readonly shares: readonly {
    readonly subscription: Subscription;
    readonly run: readonly Event[];
    readonly skipped: number;
    readonly notYet: number;
  }[];
}

/** The dependencies of `planReplay`. */
export interface Planning {
  readonly subscriptions: readonly Subscription[];
  /** The environment for listeners' conditions. */
  readonly environment: string;
}

/**
 * Plans a replay.
 *
 * @throws ProblemError `invalid_input` for a listener that cannot be replayed, or more than 10,000 events.
 */
export async function planReplay(
  sql: Sql,
  { listeners, filter }: ReplayRequest,
  { subscriptions, environment }: Planning,
): Promise<ReplayPlan> {
  const chosen = listeners.map((name) => replayable(subscriptions, name));
  const events = await matchingEvents(sql, chosen, filter);
  const live = await liveWork(sql, listeners);
  const shares = chosen.map((subscription) => {
    const matching = events.filter((event) => subscription.events.has(event.type));
    const past = matching.filter((event) => !live.has(subscription.name, event));
    const run = past.filter((event) => wants(subscription, event, environment));
    return { subscription, run, skipped: past.length - run.length, notYet: matching.length - past.length };
  });
  return { events, shares };
}

function replayable(subscriptions: readonly Subscription[], name: string): Subscription {
  const subscription = subscriptions.find((one) => one.name === name);
  if (!subscription) throw invalidInput('listeners', `There is no queued listener named ${name}.`);
  if (subscription.listener.onDeadLetter === 'hold') {
    throw invalidInput(
      'listeners',
      `${name} can’t be replayed: it handles each conversation in order, so a failed replay would block new events.`,
    );
  }
  return subscription;
}

async function matchingEvents(
  sql: Sql,
  chosen: readonly Subscription[],
  { eventId, types: wanted, appId, key, from, until }: ReplayFilter,
): Promise<readonly Event[]> {
  const subscribed = new Set(chosen.flatMap((one) => [...one.events]));
  const types = [...subscribed].filter((type) => wanted?.includes(type as EventName) ?? true);
  // Sorted here: with ORDER BY the database might scan the whole log in that order.
  const rows = await sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events
    WHERE type = ANY(${types}::text[])
      AND (${eventId ?? null}::uuid IS NULL OR id = ${eventId ?? null}::uuid)
      AND (${appId ?? null}::int IS NULL OR app_id = ${appId ?? null}::int)
      AND (${key ?? null}::text IS NULL OR key = ${key ?? null})
      AND (${from ?? null}::timestamptz IS NULL
           OR (id > ${from ? idBefore(from) : null}::uuid AND occurred_at >= ${from ?? null}::timestamptz))
      AND (${until ?? null}::timestamptz IS NULL
           OR (id < ${until ? idAfter(until) : null}::uuid AND occurred_at < ${until ?? null}::timestamptz))
    LIMIT ${replayLimit + 1}`;
  if (rows.length > replayLimit) {
    throw invalidInput('filter', `More than ${replayLimit} events match. Narrow the filter.`);
  }
  return rows.map(toEvent).sort((one, two) => one.partition - two.partition || one.offset - two.offset);
}

/** Events that the listeners will handle anyway: beyond their checkpoints, or parked. */
async function liveWork(sql: Sql, listeners: readonly string[]) {
  const names = listeners as string[];
  const hasReached = await readReached(sql, sql`subscription = ANY(${names})`);
  const parked = await sql<{ subscription: string; event_id: string }[]>`
    SELECT subscription, event_id FROM parked_events WHERE subscription = ANY(${names})`;
  const waiting = new Set(parked.map((row) => `${row.subscription} ${row.event_id}`));
  return {
    has: (name: string, event: Event) => !hasReached(name, event) || waiting.has(`${name} ${event.id}`),
  };
}

function invalidInput(path: string, message: string): ProblemError {
  return new ProblemError('invalid_input', message, { fields: [{ path, message }] });
}
