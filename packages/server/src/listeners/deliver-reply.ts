import { requireApp } from '../apps/app-directory.ts';
import { reasonToWithhold, withhold } from '../delivery/automatic-guard.ts';
import { enqueueDelivery, isSettled } from '../delivery/enqueue-delivery.ts';
import { findRecipient } from '../delivery/find-recipient.ts';
import { lockSession } from '../state/sessions.ts';
import { listener } from './listener-deps.ts';

/**
 * Sends a reply through its channel. On channels with a live connection the broadcast has already delivered it; for a
 * provider it enqueues a delivery; a channel that cannot send fails at once, which notifies the desk.
 */
export const DeliverReply = listener<'MessageReplyReadyEvent'>({
  name: 'DeliverReply',
  summary: 'Sends a reply through its channel.',
  async handle({ id: eventId, appId, data: { message } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const kind = app.channels.get(message.channel)?.kind ?? message.channel;
    const sender = deps.channels.senderFor(kind);
    if (sender.delivers === 'by-broadcast') {
      await tx.sql`
        UPDATE messages SET delivery_status = 'sent' WHERE id = ${message.id} AND delivery_status = 'pending'`;
      return;
    }
    const { socialContext } = await lockSession(tx, message.sessionId);
    // Agents' replies to social content have an event of their own, and `PostSocialReply` for it.
    if (socialContext && message.sender.type === 'agent') return;
    if (sender.delivers === 'by-sending' && !socialContext) {
      const perHour = sender.automaticPerHour?.(app.channels.get(message.channel)?.settings ?? {});
      const reason = perHour === undefined ? null : await reasonToWithhold(tx, message, perHour);
      if (reason !== null) return withhold(tx, message, reason);
      if (await isSettled(tx, message)) return;
      const to = await findRecipient(tx, message.conversationKey);
      return enqueueDelivery(tx, { message, to, comment: null, eventId });
    }
    if (sender.delivers === 'by-sending') return withhold(tx, message, onlyPeoplePost);
    tx.raise('MessageDeliveryFailedEvent', {
      message,
      error: sender.reason,
      context: { channel: message.channel, kind, permanent: true },
    });
  },
});

const onlyPeoplePost = 'Only agents’ replies are posted under comments, not the bot’s.';
