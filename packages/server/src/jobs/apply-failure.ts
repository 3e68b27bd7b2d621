import { z } from 'zod';
import { applyFailure } from '../delivery/apply-bounce.ts';
import { listNotice } from '../live/delivery-notices.ts';
import { causeFromEvent } from '../log/cause-from-event.ts';
import { job } from './job.ts';

/** Applies a failure that the provider reported before its response to the send was recorded. */
export const applyEarlyFailure = job({
  task: 'apply-failure',
  summary: 'Fails a message that the provider reported as failed before it responded to the send.',
  payload: z.object({
    appId: z.int(),
    conversationKey: z.string(),
    externalId: z.string(),
    error: z.string(),
    eventId: z.string(),
  }),
  async run(failure, { database, unitOfWork, notify }) {
    const cause = await causeFromEvent(database.sql, failure.eventId);
    const found = await unitOfWork.run((tx) => applyFailure(tx, failure), cause);
    if (found === 'failed') notify([listNotice(failure.appId, 'deliveries')]);
  },
});
