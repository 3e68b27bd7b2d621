import { requireApp } from '../apps/app-directory.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { listener } from './listener-deps.ts';

/** Has a new queue item assigned, where the app does not leave that to its agents. */
export const AssignQueueItem = listener<'QueueItemCreatedEvent'>({
  name: 'AssignQueueItem',
  summary: 'Has a new queue item assigned by the app’s strategy.',
  async handle({ appId, data: { queueItem } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    // One that goes to the end of its own queue takes no other path.
    tx.afterCommit(() => deps.queueChanged(appId, queueItem.queue));
    if (app.settings.assignment !== 'manual') await scheduleAssignment(tx, appId);
  },
});
