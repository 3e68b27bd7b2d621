import type { Sql, Statement } from '../db/sql.ts';
import { FencedError } from './errors.ts';

/** A move of a checkpoint from its known offset. */
export interface CheckpointMove {
  readonly subscription: { readonly name: string };
  readonly partition: number;
  /** The app that has this checkpoint of its own; `null` for all others. */
  readonly appId: number | null;
  /** How often apps were split off from the subscription, or joined it again, as known here. */
  readonly splits: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves checkpoints of one partition by compare-and-set. This is the fence: of two nodes that both believe they own
 * a partition, only one finds the checkpoints unchanged.
 *
 * @param alongside runs in the same statement.
 * @throws FencedError when a checkpoint has changed; the transaction, if it runs in one, must not commit then.
 */
export async function moveCheckpoints(
  sql: Sql,
  moves: readonly CheckpointMove[],
  alongside: Statement | null = null,
): Promise<void> {
  const shared = moves.filter(({ appId }) => appId === null);
  const ofApps = moves.filter(({ appId }) => appId !== null);
  if (shared.length > 0) await moveShared(sql, shared, alongside);
  if (ofApps.length > 0) await moveThoseOfApps(sql, ofApps, shared.length > 0 ? null : alongside);
}

async function moveShared(
  sql: Sql,
  moves: readonly CheckpointMove[],
  alongside: Statement | null,
): Promise<void> {
  const moved = await sql`
    ${beside(sql, alongside)}
    UPDATE checkpoints SET "offset" = move.reached
    FROM unnest(${moves.map(({ subscription }) => subscription.name)}::text[],
                ${moves.map(({ from }) => from)}::bigint[], ${moves.map(({ to }) => to)}::bigint[],
                ${moves.map(({ splits }) => splits)}::int[])
      AS move (subscription, stood, reached, splits)
    WHERE checkpoints.partition = ${moves[0]?.partition ?? null} AND checkpoints.subscription = move.subscription
      AND checkpoints."offset" = move.stood AND checkpoints.splits = move.splits`;
  if (moved.count !== moves.length) throw fenced(moves);
}

async function moveThoseOfApps(
  sql: Sql,
  moves: readonly CheckpointMove[],
  alongside: Statement | null,
): Promise<void> {
  const moved = await sql`
    ${beside(sql, alongside)}
    UPDATE app_checkpoints SET "offset" = move.reached
    FROM unnest(${moves.map(({ subscription }) => subscription.name)}::text[],
                ${moves.map(({ appId }) => appId)}::int[],
                ${moves.map(({ from }) => from)}::bigint[], ${moves.map(({ to }) => to)}::bigint[])
      AS move (subscription, app_id, stood, reached)
    WHERE app_checkpoints.partition = ${moves[0]?.partition ?? null}
      AND app_checkpoints.subscription = move.subscription AND app_checkpoints.app_id = move.app_id
      AND app_checkpoints."offset" = move.stood`;
  if (moved.count !== moves.length) throw fenced(moves);
}

const beside = (sql: Sql, statement: Statement | null) =>
  statement ? sql`WITH alongside AS (${statement})` : sql``;

function fenced(moves: readonly CheckpointMove[]): FencedError {
  const names = moves.map(({ subscription, from }) => `${subscription.name} at ${from}`).join(', ');
  return new FencedError(`partition ${moves[0]?.partition}: some checkpoints have changed: ${names}`);
}
