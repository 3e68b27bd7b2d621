import {
  definitionOf,
  isEventName,
  isStorableText,
  type Page,
  type ParkedEvent,
  ProblemError,
} from '@mevrik/protocol';
import { writeAudit } from '../../audit/audit.ts';
import type { Database } from '../../db/database.ts';
import { type ListRequest, readCursor, toListPage } from '../../db/page.ts';
import type { AttemptFailure } from '../../db/schema.ts';
import type { Sql } from '../../db/sql.ts';
import { fieldErrorsOf } from '../../domain/field-errors.ts';
import { changeMs } from '../dispatch-options.ts';

/** A filter for parked events; absent fields match all. */
export interface ParkedFilter {
  readonly subscription?: string | undefined;
  readonly eventId?: string | undefined;
  readonly type?: string | undefined;
  readonly key?: string | undefined;
  readonly appId?: number | undefined;
  readonly status?: 'waiting' | 'dead' | undefined;
  /** Parked more than so many days ago. */
  readonly olderThanDays?: number;
  /** The apps visible to the caller; `null` or absent for all. */
  readonly appIds?: readonly number[] | null;
}

/** Manages parked events and paused listeners. Each action is audited in the same transaction. */
export interface DeadLetters {
  /** Newest first. */
  list(filter: ParkedFilter, page: ListRequest): Promise<Page<ParkedEvent>>;
  /**
   * Makes all matching events due at once and resets their attempts. `editedData` replaces the event's data for this
   * listener (the log itself is never changed) and needs a filter that names one event.
   *
   * @returns the number of events.
   * @throws ProblemError `invalid_event_data` when the edited data is invalid, `bad_request` when more than
   *   one event matches.
   */
  retry(filter: ParkedFilter, edit: { editedData?: unknown }, actor: string): Promise<number>;
  /** Discards all matching events: their listeners never handle them. @returns the number of events. */
  discard(filter: ParkedFilter, actor: string): Promise<number>;
  /**
   * Resumes a paused listener, for one app or for all of them.
   *
   * @returns the number of apps.
   * @throws ProblemError `not_found` if there is no such listener.
   */
  resume(subscription: string, appId: number | undefined, actor: string): Promise<number>;
}

/** Creates the dead letters of a database; `changed` is called after each change, so that it takes effect at once. */
export function createDeadLetters(database: Database, changed: () => Promise<void>): DeadLetters {
  const { sql } = database;

  async function audited(entry: AuditedAction, act: (tx: Sql) => Promise<number>): Promise<number> {
    const count = await sql.begin(async (tx) => {
      const appId = await entry.appOf(tx);
      const count = await act(tx);
      const { actor, action, target, detail } = entry;
      await writeAudit(tx, { appId, actor, action, target, detail: { ...detail, count } });
      return count;
    }, changeMs);
    await changed();
    return count;
  }

  return {
    list: (filter, page) => listParked(sql, filter, page),

    async retry(filter, { editedData }, actor) {
      if (editedData !== undefined) await checkEdit(sql, filter, editedData);
      const edited = editedData === undefined ? null : JSON.stringify(editedData);
      const detail = { filter, edited: edited !== null };
      return audited({ actor, action: 'dead-letter.retry', ...about(filter), detail }, (tx) =>
        retryParked(tx, filter, edited),
      );
    },

    discard: (filter, actor) =>
      audited({ actor, action: 'dead-letter.discard', ...about(filter), detail: { filter } }, (tx) =>
        discardParked(tx, filter, actor),
      ),

    resume(subscription, appId, actor) {
      const appOf = async () => appId ?? null;
      const entry = { actor, action: 'subscription.resume', target: subscription, appOf, detail: { appId } };
      return audited(entry, (tx) => resumeSubscription(tx, subscription, appId));
    },
  };
}

interface AuditedAction {
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  /** The app that is affected, read before the action; `null` for several or none. */
  readonly appOf: (tx: Sql) => Promise<number | null>;
  readonly detail: object;
}

/** What an action on these parked events is about, for the audit log. */
function about(filter: ParkedFilter): Pick<AuditedAction, 'target' | 'appOf'> {
  return {
    target: filter.eventId ?? null,
    async appOf(tx) {
      const [row] = await tx<{ appId: number | null }[]>`
        SELECT CASE WHEN min(app_id) = max(app_id) THEN min(app_id) END AS "appId"
        FROM parked_events WHERE ${matching(tx, filter)}`;
      return row?.appId ?? null;
    },
  };
}

async function listParked(sql: Sql, filter: ParkedFilter, page: ListRequest): Promise<Page<ParkedEvent>> {
  const [parkedAt, lastId] = readCursor<readonly [string, string]>(page, isParkedCursor) ?? [];
  const rows = await sql<ParkedRow[]>`
    SELECT subscription, event_id, type, key, app_id, partition, "offset", status, attempts, retry_at,
           last_error, failures, parked_at, replay_id
    FROM parked_events
    WHERE ${matching(sql, filter)}
      AND (${parkedAt ?? null}::timestamptz IS NULL
           OR (parked_at, subscription || event_id::text) < (${parkedAt ?? null}::timestamptz, ${lastId ?? ''}))
    ORDER BY parked_at DESC, subscription || event_id::text DESC LIMIT ${page.limit + 1}`;
  return toListPage(rows, page.limit, toParkedEvent, (row) => [
    row.parked_at,
    row.subscription + row.event_id,
  ]);
}

/** @returns the number of events that are due now. */
async function retryParked(tx: Sql, filter: ParkedFilter, edited: string | null): Promise<number> {
  const rows = await tx`
    UPDATE parked_events
    SET status = 'waiting', retry_at = now(), attempts = 0,
        edited_data = coalesce(${edited}::jsonb, edited_data)
    WHERE ${matching(tx, filter)}`;
  return rows.count;
}

/** @returns the number of events that were discarded. */
async function discardParked(tx: Sql, filter: ParkedFilter, actor: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    WITH gone AS (
      DELETE FROM parked_events WHERE ${matching(tx, filter)}
      RETURNING event_id, subscription, attempts, failures, replay_id
    ), kept AS (
      -- Only live events: failures of a replay are recorded with the replay.
      INSERT INTO discarded_events (event_id, subscription, actor, attempts, failures)
      SELECT event_id, subscription, ${actor}, attempts, failures FROM gone WHERE replay_id IS NULL
      ON CONFLICT (event_id, subscription) DO UPDATE
      SET actor = excluded.actor, discarded_at = now(), attempts = excluded.attempts,
          failures = excluded.failures
    )
    SELECT count(*)::int AS count FROM gone`;
  return row?.count ?? 0;
}

/** @returns the number of apps. @throws ProblemError `not_found`. */
async function resumeSubscription(tx: Sql, subscription: string, appId: number | undefined): Promise<number> {
  const [known] = await tx`SELECT FROM subscriptions WHERE name = ${subscription}`;
  if (!known) throw new ProblemError('not_found', `There is no listener named ${subscription}.`);
  const resumed = await tx`
    DELETE FROM paused_apps
    WHERE subscription = ${subscription} AND (${appId ?? null}::int IS NULL OR app_id = ${appId ?? null}::int)`;
  return resumed.count;
}

async function checkEdit(sql: Sql, filter: ParkedFilter, editedData: unknown): Promise<void> {
  const rows = await sql<{ type: string; key: string }[]>`
    SELECT type, key FROM parked_events WHERE ${matching(sql, filter)} LIMIT 2`;
  const [row] = rows;
  if (!row) throw new ProblemError('not_found', 'No parked event matches.');
  if (rows.length > 1) throw new ProblemError('bad_request', 'Edited data is allowed for one event only.');
  if (!isEventName(row.type)) throw new ProblemError('invalid_event_data', `Unknown event type ${row.type}.`);
  const parsed = definitionOf(row.type).schema.safeParse(editedData);
  if (!parsed.success) {
    throw new ProblemError('invalid_event_data', `The edited data is not valid for ${row.type}.`, {
      fields: fieldErrorsOf(parsed.error),
    });
  }
  if (definitionOf(row.type).key(parsed.data) !== row.key) {
    throw new ProblemError('invalid_event_data', 'The edited data belongs to another conversation.');
  }
}

interface ParkedRow {
  subscription: string;
  event_id: string;
  type: string;
  key: string;
  app_id: number;
  partition: number;
  offset: number;
  status: 'waiting' | 'dead';
  attempts: number;
  retry_at: string;
  last_error: string | null;
  failures: AttemptFailure[];
  parked_at: string;
  replay_id: number | null;
}

function toParkedEvent(row: ParkedRow): ParkedEvent {
  return {
    subscription: row.subscription,
    eventId: row.event_id,
    type: row.type,
    key: row.key,
    appId: row.app_id,
    partition: row.partition,
    offset: row.offset,
    status: row.status,
    attempts: row.attempts,
    retryAt: row.retry_at,
    lastError: row.last_error,
    failures: row.failures,
    parkedAt: row.parked_at,
    replayId: row.replay_id,
  };
}

function matching(sql: Sql, filter: ParkedFilter) {
  return sql`
    (${filter.subscription ?? null}::text IS NULL OR subscription = ${filter.subscription ?? null})
    AND (${filter.eventId ?? null}::uuid IS NULL OR event_id = ${filter.eventId ?? null}::uuid)
    AND (${filter.type ?? null}::text IS NULL OR type = ${filter.type ?? null})
    AND (${filter.key ?? null}::text IS NULL OR key = ${filter.key ?? null})
    AND (${filter.appId ?? null}::int IS NULL OR app_id = ${filter.appId ?? null}::int)
    AND (${filter.status ?? null}::text IS NULL OR status = ${filter.status ?? null})
    AND (${filter.olderThanDays ?? null}::int IS NULL
         OR parked_at < now() - ${filter.olderThanDays ?? null}::int * interval '1 day')
    AND (${filter.appIds == null} OR app_id = ANY(${filter.appIds ?? []}::int[]))`;
}

/** JavaScript accepts dates that PostgreSQL rejects, so only the exact format of issued cursors is accepted. */
function isParkedCursor([at, lastId]: readonly unknown[]): boolean {
  return (
    typeof at === 'string' &&
    typeof lastId === 'string' &&
    isStorableText(lastId) &&
    at > '1' &&
    new Date(at).toISOString() === at
  );
}
