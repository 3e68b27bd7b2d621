import { requireApp } from '../apps/app-directory.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { listener } from './listener-deps.ts';

/** Schedules the assignment of a new queue item, unless agents assign themselves. */
export const AssignQueueItem = listener<'QueueItemCreatedEvent'>({
  name: 'AssignQueueItem',
  summary: 'Schedules the assignment of a new queue item by the app’s strategy.',
  async handle({ appId, data: { queueItem } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    // An item that moves to the end of its own queue raises no path change.
    tx.afterCommit(() => deps.queueChanged(appId, queueItem.queue));
    if (app.settings.assignment !== 'manual') await scheduleAssignment(tx, appId);
  },
});
