import {
  type Event,
  type Page,
  ProblemError,
  type Replay,
  type ReplayEntry,
  type ReplayEntryState,
  type ReplayFilter,
  type ReplayPreview,
  type ReplayRequest,
  type StartReplay,
} from '@mevrik/protocol';
import { countArchived } from '../../archive/segments.ts';
import { type AuditEntry, writeAudit } from '../../audit/audit.ts';
import type { Database } from '../../db/database.ts';
import type { ListRequest } from '../../db/page.ts';
import type { Sql } from '../../db/sql.ts';
import { lockOldEvents } from '../../log/lock-old-events.ts';
import { changeMs } from '../dispatch-options.ts';
import { type Planning, planReplay } from './replay-plan.ts';
import { listEntries, listReplays, readReplay } from './replay-records.ts';

/** Replays of events. Starting and cancelling are audited in the same transaction. */
export interface Replays {
  /** @throws ProblemError `invalid_input` for a listener that cannot be replayed, or more than 10,000 events. */
  preview(request: ReplayRequest): Promise<ReplayPreview>;
  /**
   * Stores a replay, which the owners of the partitions run. The same idempotency key returns the same replay.
   *
   * @throws ProblemError as `preview`, `idempotency_mismatch` when the key was used for another request, and
   *   `conflict` when the number of runs differs from `expected`.
   */
  start(
    request: StartReplay,
    by: { actor: string; idempotency?: { key: string; hash: string } | undefined },
  ): Promise<Replay>;
  /** Newest first. */
  list(page: ListRequest): Promise<Page<Replay>>;
  /** @throws ProblemError `not_found`. */
  get(id: number): Promise<Replay>;
  /** The state of each of its events. @throws ProblemError `not_found`. */
  entries(
    id: number,
    page: ListRequest & { readonly status?: ReplayEntryState | undefined },
  ): Promise<Page<ReplayEntry>>;
  /** Cancels the remaining runs. @throws ProblemError `not_found`. */
  cancel(id: number, actor: string): Promise<Replay>;
}

/** The number of events shown in a preview. */
const sampleSize = 20;

const warning = 'Effects outside the database are repeated: customers may receive the same message again.';

/** The dependencies of `createReplays`. */
export interface ReplayDeps extends Planning {
  readonly database: Database;
  /** Called after each change, so that it takes effect at once. */
  readonly changed: () => Promise<void>;
}

/** Creates the replays of a database. */
export function createReplays({ database, changed, ...planning }: ReplayDeps): Replays {
  const { sql } = database;
  return {
    async preview(request) {
      const { events, shares } = await planReplay(sql, request, planning);
      const sample = events
        .slice(0, sampleSize)
        .map(({ id, type, key, appId, occurredAt, data }) => ({ id, type, key, appId, occurredAt, data }));
      const listeners = shares.map(({ subscription: { name, listener }, run, skipped, notYet }) => ({
        listener: name,
        summary: listener.summary,
        run: run.length,
        skipped,
        notYet,
      }));
      const archived = await countMissing(sql, request.filter, events);
      return { events: events.length, sample, listeners, archived, warning };
    },

    async start({ expected, ...request }, { actor, idempotency }) {
      const id = await sql.begin(async (tx) => {
        const [created] = await tx<{ id: number }[]>`
          INSERT INTO replays (actor, listeners, filter, idempotency_key, request_hash)
          VALUES (${actor}, ${request.listeners}::text[], ${JSON.stringify(request.filter)}::jsonb,
                  ${idempotency?.key ?? null}, ${idempotency?.hash ?? null})
          ON CONFLICT (idempotency_key) DO NOTHING RETURNING id`;
        if (!created) return sameReplay(tx, idempotency);
        await lockOldEvents(tx, 'shared');
        const { shares } = await planReplay(tx, request, planning);
        const entries = shares.flatMap(({ subscription, run }) =>
          run.map((event) => entryOf(subscription.name, event)),
        );
        if (expected !== undefined && entries.length !== expected) {
          throw new ProblemError(
            'conflict',
            `The replay would now run ${entries.length} times, not ${expected}. Preview it again.`,
          );
        }
        await tx`
          INSERT INTO replay_entries (replay_id, subscription, partition, "offset", event_id, key, app_id)
          SELECT ${created.id}, subscription, partition, "offset", event_id, key, app_id
          FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
            AS row (subscription text, partition int, "offset" bigint, event_id uuid, key text, app_id int)`;
        const detail = { ...request, count: entries.length };
        await audit(tx, created.id, { actor, action: 'replay.start', detail });
        return created.id;
      }, changeMs);
      await changed();
      return readReplay(sql, id);
    },

    list: (page) => listReplays(sql, page),
    get: (id) => readReplay(sql, id),
    entries: (id, page) => listEntries(sql, id, page),

    async cancel(id, actor) {
      await sql.begin(async (tx) => {
        const found = await tx`
          UPDATE replays SET cancelled_at = coalesce(cancelled_at, now()) WHERE id = ${id}`;
        if (found.count === 0) throw new ProblemError('not_found', 'Replay not found.');
        const { count } = await tx`
          UPDATE replay_entries SET status = 'cancelled', finished_at = now()
          WHERE replay_id = ${id} AND status = 'waiting'`;
        await audit(tx, id, { actor, action: 'replay.cancel', detail: { count } });
      }, changeMs);
      return readReplay(sql, id);
    },
  };
}

/** The number of events of a filter's app and period that are in the archive only. */
async function countMissing(
  sql: Sql,
  { appId, ...filter }: ReplayFilter,
  found: readonly Event[],
): Promise<number> {
  // An event that was found is in the log; parts of the archive of other apps may overlap with it in time.
  if (filter.eventId !== undefined && found.length > 0) return 0;
  return countArchived(sql, { ...filter, appIds: appId === undefined ? null : [appId] });
}

function entryOf(subscription: string, { partition, offset, id, key, appId }: Event) {
  return { subscription, partition, offset, event_id: id, key, app_id: appId };
}

async function sameReplay(sql: Sql, idempotency: { key: string; hash: string } | undefined): Promise<number> {
  const [known] = await sql<{ id: number; request_hash: string }[]>`
    SELECT id, request_hash FROM replays WHERE idempotency_key = ${idempotency?.key ?? null}`;
  if (known && known.request_hash === idempotency?.hash) return known.id;
  throw new ProblemError('idempotency_mismatch', 'This idempotency key was used for another replay.');
}

/** Writes an entry of the audit log, for the app whose events are replayed if there is only one. */
async function audit(
  sql: Sql,
  id: number,
  entry: Pick<AuditEntry, 'action' | 'actor' | 'detail'>,
): Promise<void> {
  const [row] = await sql<{ appId: number | null }[]>`
    SELECT CASE WHEN min(app_id) = max(app_id) THEN min(app_id) END AS "appId"
    FROM replay_entries WHERE replay_id = ${id}`;
  await writeAudit(sql, { ...entry, appId: row?.appId ?? null, target: String(id) });
}
