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

/** The maximum number of events shown of a chain. */
const chainLimit = 200;

/** An event of a chain, with the outcomes of its listeners and broadcasts. */
export type ReportedEvent = Event & Pick<ChainedEvent, 'listeners' | 'broadcasts'>;

/** The story of an event from the log and the dispatcher's records. */
export interface LoggedStory extends Pick<EventStory, 'listeners' | 'replays'> {
  readonly event: Event;
  readonly chain: readonly ReportedEvent[];
}

/** Reads the story of an event; `undefined` if it does not exist. `isBroadcasting`: events are broadcast to clients now. */
export async function readStory<Deps>(
  sql: Sql,
  table: ListenerTable<Deps>,
  eventId: string,
  isBroadcasting: boolean,
): Promise<LoggedStory | undefined> {
  const [row] = await sql<EventRow[]>`SELECT ${eventColumns(sql)} FROM events WHERE id = ${eventId}`;
  if (!row) return undefined;
  const event = toEvent(row);
  const listenersOf = (type: EventName) =>
    isEventName(type) ? (table[type] as readonly Listener<Deps>[]) : [];
  const wanted = (await readChain(sql, event)).flatMap(({ id, type, partition, offset }) =>
    [...listenersOf(type).map(({ name }) => name), broadcastSubscription].map((subscription) => ({
      event_id: id,
      partition,
      offset,
      subscription,
    })),
  );
  const records = await readRecords(sql, wanted);
  // The chain is read again after the records, so that it includes all events raised by listeners shown as done.
  const chain = (await readChain(sql, event)).map((one): ReportedEvent => {
    const listeners = listenersOf(one.type).map((listener) =>
      listener.mode === 'sync' ? syncOutcome(listener, one) : outcomeOf(listener, one, records),
    );
    const broadcasts = isEventName(one.type) ? broadcastOutcomes(one, records, isBroadcasting) : [];
    return { ...one, listeners, broadcasts };
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

/** A sync listener has no records of its own: its event is in the log because it succeeded. */
function syncOutcome({ name, summary }: Named, { occurredAt: at }: Event): ListenerOutcome {
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
  // The record may have been deleted; the checkpoint shows whether the event was handled.
  return { ...listener, outcome: records.hasPassed(name, event) ? 'done' : 'pending', failures: [] };
}

/** The broadcasts of an event, and when they were sent. Without a record, it depends on what is configured now. */
function broadcastOutcomes(event: Event, records: EventRecords, isBroadcasting: boolean): EventBroadcast[] {
  const record = records.handledOf(broadcastSubscription, event.id);
  const isHandled = record !== undefined || records.hasPassed(broadcastSubscription, event);
  const isOff = record ? record.duration_us < 0 : !isBroadcasting;
  const status = isOff ? 'off' : isHandled ? 'sent' : 'pending';
  const at =
    record && !isOff
      ? new Date(Date.parse(event.occurredAt) + record.duration_us / 1000).toISOString()
      : null;
  return broadcastsOf(event).map(({ topic, event: name }) => ({ topic, event: name, status, at }));
}
