import { z } from 'zod';
import { assignQueueItem } from '../commands/assign-queue-item.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { job, timer } from './job.ts';

/** The maximum number of queue items per run; the rest follow in the next run. */
const limit = 500;

/** Assigns an app's queue items to agents with free capacity: the most urgent first, then the oldest. */
export const assignWaiting = job({
  task: 'assign-waiting',
  summary: 'Assigns the queue items of an app by its assignment strategy.',
  payload: z.object({ appId: z.int() }),
  async run({ appId }, { database, unitOfWork, apps }) {
    const app = await apps.byId(appId);
    const strategy = app?.settings.assignment ?? 'manual';
    if (strategy === 'manual') return;
    const waiting = await database.sql<{ id: number }[]>`
      SELECT id FROM queue_items WHERE app_id = ${appId} AND status = 'waiting'
      ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], priority), id LIMIT ${limit}`;
    for (const { id } of waiting) {
      const found = await unitOfWork.run((tx) => assignQueueItem(tx, { queueItemId: id, strategy }));
      // With skill-based assignment the next item may need other skills; otherwise no agent is free.
      if (!found && strategy !== 'skill') return;
    }
  },
});

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
