import { requireApp } from '../apps/app-directory.ts';
import { senderFor } from '../channels/index.ts';
import { listener } from './needs.ts';

/** Posts an agent's reply under the social content that it answers; where nothing can post there, it has failed. */
export const PostSocialReply = listener<'SaveAgentRepliesSocialEvent'>({
  name: 'PostSocialReply',
  summary: 'Posts an agent’s reply under the post or comment that it answers.',
  async handle({ appId, data: { message, socialData } }, { tx, needs }) {
    const app = await requireApp(needs.apps, appId);
    const sender = senderFor(app.channels.get(message.channel)?.kind ?? message.channel);
    if (sender.delivers === 'by-broadcast') return;
    tx.raise('MessageDeliveryFailedEvent', {
      message,
      error: sender.reason,
      context: { channel: message.channel, ...socialData, permanent: true },
    });
  },
});
