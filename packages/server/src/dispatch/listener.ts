import type { Event, EventName } from '@mevrik/protocol';
import type { RaisedEvent } from '../log/log.ts';
import type { Tx } from '../log/transaction.ts';

/** What a listener receives besides the event: its transaction and its dependencies. */
export interface ListenerContext<Deps> {
  /** State and events written here commit together with the listener's checkpoint: exactly once. */
  readonly tx: Tx;
  readonly deps: Deps;
  /** Aborted when the listener exceeds its time limit. */
  readonly signal: AbortSignal;
}

/** The context of a listener's condition. */
export interface ListenerEnvironment {
  readonly environment: string;
}

interface ListenerBase<Name extends EventName> {
  /** The permanent name: the subscription's checkpoint is stored under it. */
  readonly name: string;
  /** One sentence for the admin panel and the docs. */
  readonly summary: string;
  /** A condition on the event; events that don't match count as skipped. */
  readonly when?: (event: Event<Name>, environment: ListenerEnvironment) => boolean;
}

/** A listener with its own checkpoint: handles each event after the commit, in order per key. */
export interface QueuedListener<Deps, Name extends EventName = EventName> extends ListenerBase<Name> {
  readonly mode: 'queued';
  /** Whether the later events of a key continue (`skip`) or wait (`hold`) after a dead letter. */
  readonly onDeadLetter: 'skip' | 'hold';
  /** Where a listener that is new to this database starts. */
  readonly from: 'now' | 'beginning';
  /** Retries after the first attempt; `EVENT_RETRY_ATTEMPTS` when absent. */
  readonly retries?: number;
  /** `EVENT_TIMEOUT` when absent. */
  readonly timeoutMs?: number;
  readonly handle: (event: Event<Name>, context: ListenerContext<Deps>) => Promise<void>;
}

/** A listener that runs inside the raising transaction: a throw rolls everything back. */
export interface SyncListener<Deps, Name extends EventName = EventName> extends ListenerBase<Name> {
  readonly mode: 'sync';
  readonly handle: (
    event: RaisedEvent & { type: Name; data: Event<Name>['data'] },
    context: Omit<ListenerContext<Deps>, 'signal'>,
  ) => Promise<void>;
}

/** A listener of an event. */
export type Listener<Deps, Name extends EventName = EventName> =
  | QueuedListener<Deps, Name>
  | SyncListener<Deps, Name>;

/** Defines a queued listener. By default it starts at the current position and skips dead letters. */
export function queued<Deps, Name extends EventName>(
  listener: Omit<QueuedListener<Deps, Name>, 'mode' | 'onDeadLetter' | 'from'> &
    Partial<Pick<QueuedListener<Deps, Name>, 'onDeadLetter' | 'from'>>,
): QueuedListener<Deps, Name> {
  return { onDeadLetter: 'skip', from: 'now', ...listener, mode: 'queued' };
}

/** Defines a sync listener, for invariants that must commit with the event or not at all. */
export function sync<Deps, Name extends EventName>(
  listener: Omit<SyncListener<Deps, Name>, 'mode'>,
): SyncListener<Deps, Name> {
  return { ...listener, mode: 'sync' };
}

/** The registration table: the listeners of each event, in the order in which they are called. */
export type ListenerTable<Deps> = { readonly [Name in EventName]: readonly Listener<Deps, Name>[] };
