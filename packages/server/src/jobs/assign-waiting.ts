import { z } from 'zod';
import { assignQueueItem } from '../commands/assign-queue-item.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { job, timer } from './job.ts';

/** How many waiting conversations are looked at in one go; those behind them are looked at the next time. */
const limit = 500;

/** Gives an app's waiting conversations to agents with free places: the most urgent first, then the oldest. */
export const assignWaiting = job({
  task: 'assign-waiting',
  summary: 'Assigns the waiting conversations of an app by its strategy.',
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
      // Where skills count, the next one may need others; everywhere else, nobody is free for anyone.
      if (!found && strategy !== 'skill') return;
    }
  },
});

/** Looks at all queues now and then: for what a change of settings, or a lost job, has left waiting. */
export const assignAllWaiting = timer({
  task: 'assign-all-waiting',
  summary: 'Looks once a minute whether somebody is free for who waits.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      const apps = await tx.sql<{ app_id: number }[]>`
        SELECT DISTINCT app_id FROM queue_items WHERE status = 'waiting'`;
      for (const { app_id: appId } of apps) await scheduleAssignment(tx, appId);
    });
  },
});
