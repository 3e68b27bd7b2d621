import { z } from 'zod';
import { assignQueueItem } from '../commands/assign-queue-item.ts';
import { priorityRank } from '../db/priority-rank.ts';
import type { Sql } from '../db/sql.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { job, timer } from './job.ts';

/** Queue items per read. */
const itemsAtOnce = 500;

/** Assigns an app's queue items to agents with free capacity: the most urgent first, then the oldest. */
export const assignWaiting = job({
  task: 'assign-waiting',
  summary: 'Assigns the queue items of an app by its assignment strategy.',
  payload: z.object({ appId: z.int() }),
  async run({ appId }, { database, unitOfWork, apps, stopping }) {
    const app = await apps.byId(appId);
    const strategy = app?.settings.assignment ?? 'manual';
    if (strategy === 'manual') return;
    /** Skills for which no agent was free. A run ends when this includes all that are asked for. */
    const unmet: (readonly string[])[] = [];
    for (let last = beforeFirst; ; ) {
      const items = await readWaiting(database.sql, appId, { after: last, unmet });
      for (const { id, skills } of items) {
        if (stopping.aborted) return;
        if (unmet.some((missing) => missing.every((skill) => skills.includes(skill)))) continue;
        if (await unitOfWork.run((tx) => assignQueueItem(tx, { queueItemId: id, strategy }))) continue;
        // With skill-based assignment the next item may need other skills; otherwise no agent is free.
        if (strategy !== 'skill') return;
        unmet.push(skills);
      }
      const read = items.at(-1);
      if (!read) return;
      last = read;
    }
  },
});

interface WaitingItem {
  readonly id: number;
  /** The position of its priority: 1 is urgent. */
  readonly rank: number;
  readonly skills: readonly string[];
}

const beforeFirst: Pick<WaitingItem, 'id' | 'rank'> = { id: 0, rank: 0 };

/** Reads the next waiting items of an app, without those that need all the skills of an unmet set. */
async function readWaiting(
  sql: Sql,
  appId: number,
  {
    after,
    unmet,
  }: {
    readonly after: Pick<WaitingItem, 'id' | 'rank'>;
    readonly unmet: readonly (readonly string[])[];
  },
): Promise<readonly WaitingItem[]> {
  return sql<WaitingItem[]>`
    SELECT id, rank, skills
    FROM queue_items, ${priorityRank(sql, sql`priority`)} AS rank
    WHERE app_id = ${appId} AND status = 'waiting' AND (rank, id) > (${after.rank}::int, ${after.id}::bigint)
      AND NOT skills @> ANY (${unmet.map((skills) => JSON.stringify(skills))}::jsonb[])
    ORDER BY rank, id LIMIT ${itemsAtOnce}`;
}

/** Schedules assignment for all queues: for items left waiting by a change of settings or a lost job. */
export const assignAllWaiting = timer({
  task: 'assign-all-waiting',
  summary: 'Assigns queue items that a change of settings or a lost job left waiting.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      const apps = await tx.sql<{ app_id: number }[]>`
        SELECT DISTINCT app_id FROM queue_items WHERE status = 'waiting'`;
      for (const { app_id: appId } of apps) await scheduleAssignment(tx, appId);
    });
  },
});
