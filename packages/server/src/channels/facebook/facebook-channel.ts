import type { ChannelAdapter } from '../channel.ts';
import { describePost } from '../meta/describe-post.ts';
import { fetchProfileName } from '../meta/fetch-profile-name.ts';
import type { GraphServices } from '../meta/graph-client.ts';
import { metaWebhookSteps } from '../meta/meta-settings.ts';
import { confirmWebhook, verifyWebhook } from '../meta/verify-webhook.ts';
import { facebookGraph, facebookOutlet } from './facebook-outlet.ts';
import { facebookSettingsSchema } from './facebook-settings.ts';
import { parseWebhookEvent } from './parse-webhook-event.ts';
import { splitWebhook } from './split-webhook.ts';

/** Facebook: Messenger, and comments under a page's posts. */
export function facebookChannel({ graphUrl }: GraphServices): ChannelAdapter {
  return {
    kind: 'facebook',
    source: 'provider',
    guide: {
      title: 'Facebook',
      summary: 'Messenger, and comments under a page’s posts.',
      steps: [
        ...metaWebhookSteps('Messenger'),
        'Subscribe the page to messages, messaging_postbacks, message_deliveries, message_reads, message_echoes, message_reactions, messaging_referrals, messaging_handovers and feed.',
      ],
    },
    settingsSchema: facebookSettingsSchema,
    webhook: {
      event: 'NewFacebookEventReceived',
      confirm: confirmWebhook,
      verify: verifyWebhook,
      accountIdOf: (settings) => facebookSettingsSchema.safeParse(settings).data?.pageId,
      split: splitWebhook,
      parse: parseWebhookEvent,
    },
    sender: facebookOutlet({ graphUrl }),
    describePost: (postId, context) =>
      describePost(facebookGraph(graphUrl, context), postId, { text: 'message', pictures: ['full_picture'] }),
    fetchName: (contactId, context) =>
      fetchProfileName(facebookGraph(graphUrl, context), contactId, [['first_name', 'last_name']]),
    // The URLs in webhooks need no token and are valid for a few hours.
    locate: async (url) => ({ url }),
  };
}
