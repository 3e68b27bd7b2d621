import { type Event, type EventName, ProblemError } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { type EventRow, eventColumns, toEvent } from '../log/log.ts';
import { type Subscription, wants } from './subscription.ts';

/** Which events are meant; what is absent matches all. */
export interface ReplayFilter {
  readonly eventId?: string | undefined;
  readonly types?: readonly EventName[] | undefined;
  readonly appId?: number | undefined;
  readonly key?: string | undefined;
  /** ISO instants: from the first on, and before the second. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** What is to run again: these listeners, and no others, for the events that match. */
export interface ReplayRequest {
  readonly listeners: readonly string[];
  readonly filter: ReplayFilter;
}

/** What one listener would make of the events. */
export interface ReplayShare {
  readonly listener: string;
  /** Events that it would handle again. */
  readonly run: number;
  /** Events that its condition skips. */
  readonly skipped: number;
  /** Events that it has yet to handle, or that are parked: they come without a replay. */
  readonly notYet: number;
}

/** What a replay would run. */
export interface ReplayPreview {
  readonly events: number;
  /** The first of them, in the order of the log. */
  readonly sample: readonly Pick<Event, 'id' | 'type' | 'key' | 'appId' | 'occurredAt'>[];
  readonly listeners: readonly ReplayShare[];
  readonly warning: string;
}

/** A replay, and how far it has come. */
export interface Replay {
  readonly id: number;
  readonly actor: string;
  readonly listeners: readonly string[];
  readonly filter: ReplayFilter;
  readonly status: 'running' | 'done' | 'cancelled';
  readonly createdAt: string;
  readonly waiting: number;
  readonly done: number;
  readonly skipped: number;
  readonly dead: number;
  readonly cancelled: number;
}

/** What people do with replays. Starting and cancelling are audited in their own transactions. */
export interface Replays {
  /** @throws ProblemError `invalid_input` for a listener that cannot be replayed, or more than 10,000 events. */
  preview(request: ReplayRequest): Promise<ReplayPreview>;
  /**
   * Writes down what is to run; the owners of the partitions run it. The same idempotency key gives the same replay.
   *
   * @throws ProblemError as `preview`, and `idempotency_mismatch` when the key was used for another request.
   */
  start(
    request: ReplayRequest,
    by: { actor: string; idempotency?: { key: string; hash: string } | undefined },
  ): Promise<Replay>;
  /** @throws ProblemError `not_found`. */
  get(id: number): Promise<Replay>;
  /** Runs nothing more of it; what has run stays. @throws ProblemError `not_found`. */
  cancel(id: number, actor: string): Promise<Replay>;
}

/** Events that one replay may take. */
const replayLimit = 10_000;

const warning =
  'What these listeners do outside of the database happens again: a message may be sent a second time. ' +
  'A retry of one delivery has an idempotency key; a new delivery made by a replay has a key of its own.';

/** What the replays are made of. */
export interface ReplayDependencies {
  readonly database: Database;
  readonly subscriptions: readonly Subscription[];
  /** What listeners' conditions are told. */
  readonly environment: string;
  /** Told after each change, so that it takes effect at once. */
  readonly changed: () => Promise<void>;
}

/** Makes them. */
export function createReplays({
  database,
  subscriptions,
  environment,
  changed,
}: ReplayDependencies): Replays {
  const { sql } = database;
  const plan = async (on: Sql, { listeners, filter }: ReplayRequest): Promise<Plan> => {
    const chosen = listeners.map((name) => replayable(subscriptions, name));
    const events = await matchingEvents(on, chosen, filter);
    const live = await liveWork(on, listeners);
    const shares = chosen.map((subscription) => {
      const heard = events.filter((event) => subscription.events.has(event.type));
      const past = heard.filter((event) => !live.has(subscription.name, event));
      const run = past.filter((event) => wants(subscription, event, environment));
      return {
        listener: subscription.name,
        run,
        skipped: past.length - run.length,
        notYet: heard.length - past.length,
      };
    });
    return { events, shares };
  };

  return {
    async preview(request) {
      const { events, shares } = await plan(sql, request);
      const sample = events
        .slice(0, 20)
        .map(({ id, type, key, appId, occurredAt }) => ({ id, type, key, appId, occurredAt }));
      const listeners = shares.map(({ run, ...share }) => ({ ...share, run: run.length }));
      return { events: events.length, sample, listeners, warning };
    },

    async start(request, { actor, idempotency }) {
      const id = await sql.begin(async (tx) => {
        const [created] = await tx<{ id: number }[]>`
          INSERT INTO replays (actor, listeners, filter, idempotency_key, request_hash)
          VALUES (${actor}, ${request.listeners}::text[], ${JSON.stringify(request.filter)}::jsonb,
                  ${idempotency?.key ?? null}, ${idempotency?.hash ?? null})
          ON CONFLICT (idempotency_key) DO NOTHING RETURNING id`;
        if (!created) return sameReplay(tx, idempotency);
        const { shares } = await plan(tx, request);
        const entries = shares.flatMap(({ listener, run }) => run.map((event) => entryOf(listener, event)));
        await tx`
          INSERT INTO replay_entries (replay_id, subscription, partition, "offset", event_id, key)
          SELECT ${created.id}, subscription, partition, "offset", event_id, key
          FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
            AS row (subscription text, partition int, "offset" bigint, event_id uuid, key text)`;
        await audit(tx, actor, 'replay.start', created.id, { ...request, count: entries.length });
        return created.id;
      });
      await changed();
      return readReplay(sql, id);
    },

    get: (id) => readReplay(sql, id),

    async cancel(id, actor) {
      await sql.begin(async (tx) => {
        const found = await tx`
          UPDATE replays SET cancelled_at = coalesce(cancelled_at, now()) WHERE id = ${id}`;
        if (found.count === 0) throw new ProblemError('not_found', 'There is no such replay.');
        const { count } = await tx`
          UPDATE replay_entries SET status = 'cancelled', finished_at = now()
          WHERE replay_id = ${id} AND status = 'waiting'`;
        await audit(tx, actor, 'replay.cancel', id, { count });
      });
      return readReplay(sql, id);
    },
  };
}

interface Plan {
  readonly events: readonly Event[];
  readonly shares: readonly (Omit<ReplayShare, 'run'> & { readonly run: readonly Event[] })[];
}

function replayable(subscriptions: readonly Subscription[], name: string): Subscription {
  const subscription = subscriptions.find((one) => one.name === name);
  if (!subscription) throw refused('listeners', `No queued listener is called ${name}.`);
  if (subscription.listener.afterDeath === 'hold') {
    throw refused(
      'listeners',
      `${name} holds its keys behind a dead letter: a replay could stop live events.`,
    );
  }
  return subscription;
}

async function matchingEvents(
  sql: Sql,
  chosen: readonly Subscription[],
  filter: ReplayFilter,
): Promise<readonly Event[]> {
  const heard = new Set(chosen.flatMap((one) => [...one.events]));
  const types = [...heard].filter((type) => filter.types?.includes(type as EventName) ?? true);
  const rows = await sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events
    WHERE type = ANY(${types}::text[])
      AND (${filter.eventId ?? null}::uuid IS NULL OR id = ${filter.eventId ?? null}::uuid)
      AND (${filter.appId ?? null}::int IS NULL OR app_id = ${filter.appId ?? null}::int)
      AND (${filter.key ?? null}::text IS NULL OR key = ${filter.key ?? null})
      AND (${filter.from ?? null}::timestamptz IS NULL OR occurred_at >= ${filter.from ?? null}::timestamptz)
      AND (${filter.until ?? null}::timestamptz IS NULL OR occurred_at < ${filter.until ?? null}::timestamptz)
    ORDER BY partition, "offset" LIMIT ${replayLimit + 1}`;
  if (rows.length > replayLimit) {
    throw refused('filter', `More than ${replayLimit} events match: narrow it down.`);
  }
  return rows.map(toEvent);
}

/** What the listeners will handle anyway: what is ahead of their checkpoints, and what is parked. */
async function liveWork(sql: Sql, listeners: readonly string[]) {
  const names = listeners as string[];
  const places = await sql<{ subscription: string; partition: number; offset: number }[]>`
    SELECT subscription, partition, "offset" FROM checkpoints WHERE subscription = ANY(${names})`;
  const parked = await sql<{ subscription: string; event_id: string }[]>`
    SELECT subscription, event_id FROM parked_events WHERE subscription = ANY(${names})`;
  const reached = new Map(places.map((row) => [`${row.subscription} ${row.partition}`, row.offset]));
  const waiting = new Set(parked.map((row) => `${row.subscription} ${row.event_id}`));
  return {
    has: (name: string, event: Event) =>
      event.offset > (reached.get(`${name} ${event.partition}`) ?? 0) || waiting.has(`${name} ${event.id}`),
  };
}

function entryOf(subscription: string, { partition, offset, id, key }: Event) {
  return { subscription, partition, offset, event_id: id, key };
}

async function sameReplay(sql: Sql, idempotency: { key: string; hash: string } | undefined): Promise<number> {
  const [known] = await sql<{ id: number; request_hash: string }[]>`
    SELECT id, request_hash FROM replays WHERE idempotency_key = ${idempotency?.key ?? null}`;
  if (known && known.request_hash === idempotency?.hash) return known.id;
  throw new ProblemError('idempotency_mismatch', 'This key was used for another replay.');
}

async function readReplay(sql: Sql, id: number): Promise<Replay> {
  const [row] = await sql<ReplayRow[]>`
    SELECT id, actor, listeners, filter, created_at, cancelled_at,
           count(*) FILTER (WHERE status = 'waiting')::int AS waiting,
           count(*) FILTER (WHERE status = 'done')::int AS done,
           count(*) FILTER (WHERE status = 'skipped')::int AS skipped,
           count(*) FILTER (WHERE status = 'dead')::int AS dead,
           count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled
    FROM replays LEFT JOIN replay_entries ON replay_id = id WHERE id = ${id} GROUP BY id`;
  if (!row) throw new ProblemError('not_found', 'There is no such replay.');
  const { created_at, cancelled_at, ...rest } = row;
  const status = cancelled_at !== null ? 'cancelled' : row.waiting > 0 ? 'running' : 'done';
  return { ...rest, status, createdAt: created_at };
}

interface ReplayRow extends Omit<Replay, 'status' | 'createdAt'> {
  readonly created_at: string;
  readonly cancelled_at: string | null;
}

async function audit(sql: Sql, actor: string, action: string, id: number, detail: object): Promise<void> {
  await sql`
    INSERT INTO audit_entries (actor, action, target, detail)
    VALUES (${actor}, ${action}, ${String(id)}, ${JSON.stringify(detail)}::jsonb)`;
}

function refused(path: string, message: string): ProblemError {
  return new ProblemError('invalid_input', message, { fields: [{ path, message }] });
}
