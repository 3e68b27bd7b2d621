import type { Event, EventData, EventName } from '@mevrik/protocol';
import { type Orm, ormOn } from '../db/database.ts';
import { type Sql, sqlOn } from '../db/sql.ts';
import { appendEvents, type RaisedEvent } from './log.ts';
import { type Cause, makeEvent, noCause } from './raise.ts';

/** Options of a job. It is enqueued if and only if the transaction commits. */
export interface JobOptions {
  /** When it is due; now by default. */
  readonly runAt?: Date;
  /** Replaces a job with the same key that has not started. */
  readonly key?: string;
  readonly maxAttempts?: number;
  /** The app that causes it, or whose bot or provider it waits for; an app has a limited number of slots. */
  readonly appId?: number;
}

/** Marks a job as one of an app. */
export const appFlag = (appId: number): string => `app:${appId}`;

/** A transaction for a command or a listener: state, events and jobs commit together. */
export interface Tx {
  /** Plain SQL, for the log and hot tables. */
  readonly sql: Sql;
  /** Typed queries. */
  readonly orm: Orm;
  /**
   * Raises an event: validated now, appended when the transaction ends.
   *
   * @throws ProblemError `invalid_event_data` naming the field.
   */
  raise<Name extends EventName>(name: Name, data: EventData<Name>): void;
  /** Enqueues a job. */
  addJob(task: string, payload: Record<string, unknown>, options?: JobOptions): Promise<void>;
  /** Runs after the commit, never after a rollback; for hints only, since a crash may skip it. */
  afterCommit(hint: () => void): void;
}

/** Runs inside the transaction for each raised event, before it is appended; an error rolls everything back. */
export type SyncHandler = (event: RaisedEvent, tx: Tx) => Promise<void>;

/** A transaction with the operations that only the unit of work and the dispatcher use. */
export interface OpenTransaction {
  readonly tx: Tx;
  /** Sets the cause of events raised from now on. */
  setCause(cause: Cause): void;
  /** Runs the sync handlers and appends the raised events. */
  append(): Promise<readonly Event[]>;
  /** Makes any further use throw: a handler that timed out must not reach the connection. */
  close(): void;
  /** Runs the `afterCommit` hints. */
  committed(): void;
}

/** Wraps a driver transaction. `sync` is called for each raised event. */
export function openTransaction(client: Sql, sync: SyncHandler): OpenTransaction {
  const raised: RaisedEvent[] = [];
  const hints: (() => void)[] = [];
  const gate = { open: true };
  let cause: Cause = noCause;
  const sql = guard(client, gate);
  let orm: Orm | undefined;
  const tx: Tx = {
    sql,
    get orm() {
      orm ??= ormOn(sql);
      return orm;
    },
    raise(name, data) {
      assertOpen(gate);
      const event = makeEvent(name, data, cause);
      if (!event) return;
      if (cause.correlationId === null) cause = { ...cause, correlationId: event.correlationId };
      raised.push(event);
    },
    async addJob(task, payload, { runAt, key, maxAttempts, appId } = {}) {
      await sql`SELECT graphile_worker.add_job(
        ${task}, ${JSON.stringify(payload)}::json, run_at => ${runAt?.toISOString() ?? null}::timestamptz,
        job_key => ${key ?? null}, max_attempts => ${maxAttempts ?? null}::int,
        flags => ${appId === undefined ? null : [appFlag(appId)]}::text[])`;
    },
    afterCommit(hint) {
      hints.push(hint);
    },
  };
  return {
    tx,
    setCause(next) {
      cause = next;
    },
    async append() {
      // A sync handler may raise further events, which this loop reaches too.
      for (let index = 0; index < raised.length; index++) {
        const event = raised[index];
        if (event) await sync(event, tx);
      }
      return appendEvents(sql, raised);
    },
    close() {
      gate.open = false;
    },
    committed() {
      for (const hint of hints) hint();
    },
  };
}

function assertOpen(gate: { open: boolean }): void {
  if (!gate.open)
    throw new Error('This transaction has ended; work that continues after its timeout has no effect.');
}

/** The transaction's SQL, usable only while the transaction is open. */
function guard(client: Sql, gate: { open: boolean }): Sql {
  return sqlOn(async (text, parameters, rowMode) => {
    assertOpen(gate);
    return client.execute(text, parameters, rowMode);
  });
}
