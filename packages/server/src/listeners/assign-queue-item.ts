import { requireApp } from '../apps/app-directory.ts';
import { scheduleAssignment } from '../commands/set-availability.ts';
import { listener } from './needs.ts';

/** Has a new queue item assigned, where the app does not leave that to its agents. */
export const AssignQueueItem = listener<'QueueItemCreatedEvent'>({
  name: 'AssignQueueItem',
  summary: 'Has a new queue item assigned by the app’s strategy.',
  async handle({ appId, data: { queueItem } }, { tx, needs }) {
    const app = await requireApp(needs.apps, appId);
    // One that goes to the end of its own queue takes no other path.
    tx.afterCommit(() => needs.queueChanged(appId, queueItem.queue));
    if (app.settings.assignment !== 'manual') await scheduleAssignment(tx, appId);
  },
});
