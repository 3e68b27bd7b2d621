import { z } from 'zod';
import { changeMessage } from '../commands/change-message.ts';
import { messageChangeNotices } from '../live/delivery-notices.ts';
import { job } from './job.ts';

/** Applies a customer's edit or deletion that arrived before its message; retried until the message is stored. */
export const applyMessageChange = job({
  task: 'apply-message-change',
  summary: 'Applies a customer’s edit or deletion that arrived before its message.',
  payload: z.object({ conversationKey: z.string(), externalId: z.string(), text: z.string().nullable() }),
  async run(change, { unitOfWork, notify }) {
    const changed = await unitOfWork.run((tx) => changeMessage(tx, change));
    if (changed === 'unknown')
      throw new Error(`Message ${change.externalId} of ${change.conversationKey} has not been stored yet.`);
    if (changed !== 'unchanged') notify(messageChangeNotices(changed));
  },
});
