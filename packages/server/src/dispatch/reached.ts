import type { Event } from '@mevrik/protocol';
import type { Sql, Statement } from '../db/sql.ts';

/** Whether a subscription's checkpoint is beyond an event. */
export type HasReached = (
  subscription: string,
  event: Pick<Event, 'partition' | 'offset' | 'appId'>,
) => boolean;

/** Reads checkpoints, also those of single apps, in one statement. `condition` chooses by partition or subscription. */
export async function readReached(sql: Sql, condition: Statement): Promise<HasReached> {
  const rows = await sql<
    { subscription: string; partition: number; app_id: number | null; offset: number }[]
  >`
    SELECT subscription, partition, NULL::int AS app_id, "offset" FROM checkpoints WHERE ${condition}
    UNION ALL
    SELECT subscription, partition, app_id, "offset" FROM app_checkpoints WHERE ${condition}`;
  const keyOf = (subscription: string, partition: number, appId: number | null) =>
    `${subscription} ${partition} ${appId ?? ''}`;
  const reached = new Map(
    rows.map((row) => [keyOf(row.subscription, row.partition, row.app_id), row.offset]),
  );
  return (subscription, { partition, offset, appId }) => {
    const own = reached.get(keyOf(subscription, partition, appId));
    return offset <= (own ?? reached.get(keyOf(subscription, partition, null)) ?? 0);
  };
}
