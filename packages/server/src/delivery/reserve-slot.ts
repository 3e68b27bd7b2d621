import type { Pace } from '../channels/channel.ts';
import type { Tx } from '../log/transaction.ts';

/** How far a lane has come, in milliseconds of the database's clock, which all nodes share. */
export interface LaneState {
  /** Until when what has gone would take at an even pace. */
  readonly usedUntil: number;
  /** Until when those have their turns that wait. */
  readonly queuedUntil: number;
}

/** Of the limit this share is what may come early or late: as a burst after silence, or when a node is slow. */
const slack = 0.1;

/**
 * Whether something may go now, or when its turn is. In no stretch of `withinMs`, wherever it begins, do more than
 * `limit` go: at an even pace of nine tenths of the limit, with a tenth of the stretch of slack, it is never more than
 * 0.99 of it and one.
 *
 * Those that wait get turns one after another, so that they do not all come back at the same time, and what has waited
 * goes before what is new.
 */
export function decideSlot(
  { usedUntil, queuedUntil }: LaneState,
  { limit, withinMs }: Pick<Pace, 'limit' | 'withinMs'>,
  { nowMs, hasWaited }: { readonly nowMs: number; readonly hasWaited: boolean },
): { readonly state: LaneState; readonly slotAtMs: number | null } {
  const intervalMs = withinMs / (limit * (1 - slack));
  const freeAtMs = usedUntil - withinMs * slack;
  if (freeAtMs <= nowMs && (hasWaited || queuedUntil <= nowMs)) {
    return { state: { usedUntil: Math.max(usedUntil, nowMs) + intervalMs, queuedUntil }, slotAtMs: null };
  }
  const slotAtMs = Math.max(queuedUntil, freeAtMs, nowMs);
  return { state: { usedUntil, queuedUntil: slotAtMs + intervalMs }, slotAtMs };
}

/**
 * Takes a turn in a lane, for all nodes: its row is locked until the transaction ends.
 *
 * @returns when the turn is, in milliseconds of the database's clock; `null` where it is now.
 */
export async function reserveSlot(tx: Tx, pace: Pace, hasWaited: boolean): Promise<number | null> {
  const [row] = await tx.sql<{ usedUntil: number; queuedUntil: number; nowMs: number }[]>`
    INSERT INTO pacing_lanes AS pace (lane, used_until, queued_until) VALUES (${pace.lane}, 0, 0)
    ON CONFLICT (lane) DO UPDATE SET lane = excluded.lane
    RETURNING used_until AS "usedUntil", queued_until AS "queuedUntil",
              (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`;
  if (!row) throw new Error(`The lane ${pace.lane} is gone.`);
  const { state, slotAtMs } = decideSlot(row, pace, { nowMs: row.nowMs, hasWaited });
  await tx.sql`
    UPDATE pacing_lanes SET used_until = ${state.usedUntil}, queued_until = ${state.queuedUntil}
    WHERE lane = ${pace.lane}`;
  return slotAtMs;
}
