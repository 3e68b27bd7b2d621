import type { Pace } from '../channels/channel.ts';
import type { Tx } from '../log/transaction.ts';

/** The state of a lane, in milliseconds of the database's clock, which all nodes share. */
export interface LaneState {
  /** When the parts sent so far would end at an even pace. */
  readonly usedUntil: number;
  /** When the slots reserved so far end. */
  readonly queuedUntil: number;
}

/** The share of the limit that allows for bursts after a pause and for delays of a slow node. */
const slack = 0.1;

/**
 * Decides whether a part can be sent now, or when its slot is. No period of `withinMs` ever contains more than `limit`
 * parts: at an even pace of nine tenths of the limit, with a slack of a tenth of the period, it contains at most 0.99 of
 * the limit plus one.
 *
 * Waiting parts get consecutive slots, so that they do not all return at the same time, and go before new ones.
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
 * Reserves a slot in a lane across all nodes; the lane's row is locked until the transaction ends.
 *
 * @returns the time of the slot in milliseconds of the database's clock; `null`: send now.
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
