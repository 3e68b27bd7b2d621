import { requireApp } from '../apps/app-directory.ts';
import { senderFor } from '../channels/index.ts';
import { lockSession } from '../commands/sessions.ts';
import { listener } from './needs.ts';

/**
 * Delivers a reply through its channel. Where the customer hears replies over their connection, the broadcast has
 * done it; a channel without a sender fails the delivery, which tells the desk.
 */
export const DeliverReply = listener<'MessageReplyReadyEvent'>({
  name: 'DeliverReply',
  summary: 'Delivers a reply through its channel and notes how far it came.',
  async handle({ appId, data: { message } }, { tx, needs }) {
    const app = await requireApp(needs.apps, appId);
    const kind = app.channels.get(message.channel)?.kind ?? message.channel;
    const sender = senderFor(kind);
    if (sender.delivers === 'by-broadcast') {
      await tx.sql`
        UPDATE messages SET delivery_status = 'sent' WHERE id = ${message.id} AND delivery_status = 'pending'`;
      return;
    }
    const { socialContext } = await lockSession(tx, message.sessionId);
    // Agents' replies to social content have an event of their own, and `PostSocialReply` for it.
    if (socialContext && message.sender.type === 'agent') return;
    tx.raise('MessageDeliveryFailedEvent', {
      message,
      error: sender.reason,
      context: { channel: message.channel, kind, permanent: true },
    });
  },
});
