import { z } from 'zod';
import { changeMessage, changeNotices } from '../commands/change-message.ts';
import { job } from './job.ts';

/** Follows a change of a message; it may be told of before the message is, and is tried again then. */
export const applyMessageChange = job({
  task: 'apply-message-change',
  summary: 'Follows what a customer changed in their message, or that they took it back.',
  payload: z.object({ conversationKey: z.string(), externalId: z.string(), text: z.string().nullable() }),
  async run(change, { unitOfWork, notify }) {
    const changed = await unitOfWork.run((tx) => changeMessage(tx, change));
    if (!changed)
      throw new Error(`There is no message ${change.externalId} in ${change.conversationKey} yet.`);
    notify(changeNotices(changed));
  },
});
