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
  if (shared.length > 0) {
    await moveAll(sql, shared, {
      table: sql`checkpoints`,
      known: sql`splits`,
      values: shared.map(({ splits }) => splits),
      alongside,
    });
  }
  if (ofApps.length > 0) {
    await moveAll(sql, ofApps, {
      table: sql`app_checkpoints`,
      known: sql`app_id`,
      values: ofApps.map(({ appId }) => appId),
      alongside: shared.length > 0 ? null : alongside,
    });
  }
}

/** Where checkpoints are stored, and which further column must have which value for each of them. */
interface Stored {
  readonly table: Statement;
  readonly known: Statement;
  readonly values: readonly (number | null)[];
  readonly alongside: Statement | null;
}

async function moveAll(
  sql: Sql,
  moves: readonly CheckpointMove[],
  { table, known, values, alongside }: Stored,
): Promise<void> {
  const partition = moves[0]?.partition ?? null;
  const moved = await sql`
    ${alongside ? sql`WITH alongside AS (${alongside})` : sql``}
    UPDATE ${table} AS stored SET "offset" = move.reached
    FROM unnest(${moves.map(({ subscription }) => subscription.name)}::text[],
                ${moves.map(({ from }) => from)}::bigint[], ${moves.map(({ to }) => to)}::bigint[],
                ${values}::int[])
      AS move (subscription, stood, reached, known)
    WHERE stored.partition = ${partition} AND stored.subscription = move.subscription
      AND stored."offset" = move.stood AND stored.${known} = move.known`;
  if (moved.count === moves.length) return;
  const names = moves.map(({ subscription, from }) => `${subscription.name} at ${from}`).join(', ');
  throw new FencedError(`partition ${partition}: some checkpoints have changed: ${names}`);
}
