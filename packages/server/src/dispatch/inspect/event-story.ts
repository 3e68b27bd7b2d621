import {
  type ChainedEvent,
  type Event,
  type EventBroadcast,
  type EventName,
  type EventStory,
  isEventName,
  type ListenerOutcome,
} from '@mevrik/protocol';
import type { Sql } from '../../db/sql.ts';
import { type EventRow, eventColumns, toEvent } from '../../log/log.ts';
import { broadcastSubscription } from '../broadcast-lane.ts';
import { broadcastsOf } from '../broadcasts.ts';
import type { Listener, ListenerTable } from '../listener.ts';
import { replaysOfEvent } from '../replay/replay-records.ts';
import { type EventRecords, readRecords } from './event-records.ts';

/** Events of a chain that are told of. */
const chainLimit = 200;

/** An event of a chain, with what its listeners and the gateway made of it. */
export type ToldEvent = Event & Pick<ChainedEvent, 'listeners' | 'broadcasts'>;

/** The story of an event, as far as the log and the dispatcher's books have it. */
export interface LoggedStory extends Pick<EventStory, 'listeners' | 'replays'> {
  readonly event: Event;
  readonly chain: readonly ToldEvent[];
}

/** Reads the whole story of one event; `undefined` where there is no such event. */
export async function readStory<Needs>(
  sql: Sql,
  table: ListenerTable<Needs>,
  eventId: string,
): Promise<LoggedStory | undefined> {
  const [row] = await sql<EventRow[]>`SELECT ${eventColumns(sql)} FROM events WHERE id = ${eventId}`;
  if (!row) return undefined;
  const event = toEvent(row);
  const listenersOf = (type: EventName) =>
    isEventName(type) ? (table[type] as readonly Listener<Needs>[]) : [];
  const wanted = (await readChain(sql, event)).flatMap(({ id, type, partition, offset }) =>
    [...listenersOf(type).map(({ name }) => name), broadcastSubscription].map((subscription) => ({
      event_id: id,
      partition,
      offset,
      subscription,
    })),
  );
  const records = await readRecords(sql, wanted);
  // Read anew: what a listener raised is there as soon as it has handled the event. Never told the other way round.
  const chain = (await readChain(sql, event)).map((one): ToldEvent => {
    const listeners = listenersOf(one.type).map((listener) =>
      listener.mode === 'sync' ? doneInside(listener, one) : outcomeOf(listener, one, records),
    );
    return { ...one, listeners, broadcasts: isEventName(one.type) ? broadcastsTold(one, records) : [] };
  });
  return {
    event,
    listeners: chain.find(({ id }) => id === event.id)?.listeners ?? [],
    chain,
    replays: await replaysOfEvent(sql, event.id),
  };
}

async function readChain(sql: Sql, event: Event): Promise<readonly Event[]> {
  const rows = await sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events WHERE correlation_id = ${event.correlationId} ORDER BY id LIMIT ${chainLimit}`;
  const chain = rows.map(toEvent);
  return chain.some(({ id }) => id === event.id) ? chain : [...chain, event];
}

type Named = { readonly name: string; readonly summary: string };

const nothing = {
  startedAt: null,
  finishedAt: null,
  durationMs: null,
  attempt: null,
  retryAt: null,
  discardedBy: null,
};

/** A sync listener has no books of its own: its event is in the log because it succeeded. */
function doneInside({ name, summary }: Named, { occurredAt: at }: Event): ListenerOutcome {
  return {
    ...nothing,
    listener: name,
    summary,
    outcome: 'done',
    startedAt: at,
    finishedAt: at,
    attempt: 1,
    failures: [],
  };
}

function outcomeOf({ name, summary }: Named, event: Event, records: EventRecords): ListenerOutcome {
  const listener = { ...nothing, listener: name, summary };
  const parked = records.parkedOf(name, event.id);
  if (parked) {
    const { status, attempts, retry_at, failures } = parked;
    const isDead = status === 'dead';
    const retryAt = isDead ? null : retry_at;
    return { ...listener, outcome: isDead ? 'dead' : 'parked', attempt: attempts, failures, retryAt };
  }
  const discarded = records.discardedOf(name, event.id);
  if (discarded) {
    const { by, discarded_at, attempts, failures } = discarded;
    const ended = { discardedBy: by, finishedAt: discarded_at, attempt: attempts };
    return { ...listener, outcome: 'discarded', ...ended, failures };
  }
  const handled = records.handledOf(name, event.id);
  if (handled) {
    const { started_at, finished_at, before_us, duration_us, attempt, failures } = handled;
    const startedAt = new Date(Date.parse(started_at) + before_us / 1000).toISOString();
    return {
      ...listener,
      outcome: duration_us < 0 ? 'skipped' : 'done',
      startedAt,
      finishedAt: finished_at,
      durationMs: Math.max(0, duration_us) / 1000,
      attempt,
      failures: failures ?? [],
    };
  }
  // Its record may have been trimmed; the checkpoint is the truth of whether it was handled.
  return { ...listener, outcome: records.hasPassed(name, event) ? 'done' : 'pending', failures: [] };
}

/** What the event means for those who are connected, and when it was told to them. */
function broadcastsTold(event: Event, records: EventRecords): EventBroadcast[] {
  const record = records.handledOf(broadcastSubscription, event.id);
  const isSent = record !== undefined || records.hasPassed(broadcastSubscription, event);
  const at = record && new Date(Date.parse(event.occurredAt) + record.duration_us / 1000).toISOString();
  return broadcastsOf(event).map(({ topic, event: name }) => ({
    topic,
    event: name,
    status: isSent ? ('sent' as const) : ('pending' as const),
    at: at ?? null,
  }));
}
