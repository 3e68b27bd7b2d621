import type { Message } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { enqueueDelivery, isSettled } from '../delivery/enqueue-delivery.ts';
import { findRecipient } from '../delivery/find-recipient.ts';
import type { Tx } from '../log/transaction.ts';
import { listener } from './listener-deps.ts';

/** Posts an agent's reply to a comment, or sends it privately to the author of the comment. */
export const PostSocialReply = listener<'SaveAgentRepliesSocialEvent'>({
  name: 'PostSocialReply',
  summary: 'Sends an agent’s reply to the comment that it answers.',
  async handle({ id: eventId, appId, data: { message, socialData } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const sender = deps.channels.senderFor(app.channels.get(message.channel)?.kind ?? message.channel);
    if (sender.delivers === 'by-broadcast') return;
    if (sender.delivers === 'by-sending' && (await isSettled(tx, message))) return;
    const { commentId, visibility } = socialData;
    const isSecond = visibility === 'private' && (await wasAnsweredPrivately(tx, message, commentId));
    if (sender.delivers === 'by-sending' && commentId !== undefined && !isSecond) {
      const to = await findRecipient(tx, message.conversationKey);
      return enqueueDelivery(tx, { message, to, comment: { id: commentId, visibility }, eventId });
    }
    tx.raise('MessageDeliveryFailedEvent', {
      message,
      error: isSecond
        ? onlyOnce
        : sender.delivers === 'never'
          ? sender.reason
          : 'There is no comment to reply to.',
      context: { channel: message.channel, ...socialData, permanent: true },
    });
  },
});

const onlyOnce = 'A private reply to this comment was already sent. Only one is allowed.';

async function wasAnsweredPrivately(tx: Tx, message: Message, commentId = ''): Promise<boolean> {
  const [before] = await tx.sql`
    SELECT FROM deliveries
    WHERE conversation_key = ${message.conversationKey} AND message_id <> ${message.id} AND status <> 'failed'
      AND comment ->> 'id' = ${commentId} AND comment ->> 'visibility' = 'private'`;
  return before !== undefined;
}
