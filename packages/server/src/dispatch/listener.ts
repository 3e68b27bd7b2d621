import type { Event, EventName } from '@mevrik/protocol';
import type { RaisedEvent } from '../log/log.ts';
import type { Tx } from '../log/transaction.ts';

/** What a listener gets besides the event: its transaction, and what it was composed with. */
export interface ListenerContext<Needs> {
  /** State and events that it writes here commit together with its checkpoint: exactly once. */
  readonly tx: Tx;
  readonly deps: Needs;
  /** Aborted when the listener has run out of time. */
  readonly signal: AbortSignal;
}

/** The surroundings that a condition may look at. */
export interface ListenerEnvironment {
  readonly environment: string;
}

interface ListenerBase<Name extends EventName> {
  /** Its name for ever: the subscription's checkpoint is kept under it. */
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Whether it wants this event; those it does not want count as skipped, not as done. */
  readonly when?: (event: Event<Name>, environment: ListenerEnvironment) => boolean;
}

/** A listener with a checkpoint of its own: it handles each event after the commit, in order per key. */
export interface QueuedListener<Needs, Name extends EventName = EventName> extends ListenerBase<Name> {
  readonly mode: 'queued';
  /** What happens to the later events of a key when one of them is dead: they go on, or they wait. */
  readonly afterDeath: 'skip' | 'hold';
  /** Where a listener that is new to this database begins. */
  readonly from: 'now' | 'beginning';
  /** Retries after the first attempt; `EVENT_RETRY_ATTEMPTS` when absent. */
  readonly retries?: number;
  /** `EVENT_TIMEOUT` when absent. */
  readonly timeoutMs?: number;
  readonly handle: (event: Event<Name>, context: ListenerContext<Needs>) => Promise<void>;
}

/** A listener that runs inside the raising transaction: a throw rolls everything back. */
export interface SyncListener<Needs, Name extends EventName = EventName> extends ListenerBase<Name> {
  readonly mode: 'sync';
  readonly handle: (
    event: RaisedEvent & { type: Name; data: Event<Name>['data'] },
    context: Omit<ListenerContext<Needs>, 'signal'>,
  ) => Promise<void>;
}

/** Somebody who listens to an event. */
export type Listener<Needs, Name extends EventName = EventName> =
  | QueuedListener<Needs, Name>
  | SyncListener<Needs, Name>;

/** Defines a queued listener. Unless told otherwise it begins now and skips its dead events. */
export function queued<Needs, Name extends EventName>(
  listener: Omit<QueuedListener<Needs, Name>, 'mode' | 'afterDeath' | 'from'> &
    Partial<Pick<QueuedListener<Needs, Name>, 'afterDeath' | 'from'>>,
): QueuedListener<Needs, Name> {
  return { afterDeath: 'skip', from: 'now', ...listener, mode: 'queued' };
}

/** Defines a sync listener: for invariants that must hold with the event or not at all. */
export function sync<Needs, Name extends EventName>(
  listener: Omit<SyncListener<Needs, Name>, 'mode'>,
): SyncListener<Needs, Name> {
  return { ...listener, mode: 'sync' };
}

/** The registration table: for every event, who listens to it, in the order in which they are called. */
export type ListenerTable<Needs> = { readonly [Name in EventName]: readonly Listener<Needs, Name>[] };
