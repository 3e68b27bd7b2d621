import type { ChannelAdapter } from '../channel.ts';
import { describePost } from '../meta/describe-post.ts';
import { fetchProfileName } from '../meta/fetch-profile-name.ts';
import { metaWebhookSteps } from '../meta/meta-settings.ts';
import { confirmWebhook, verifyWebhook } from '../meta/verify-webhook.ts';
import { facebookOutlet } from './facebook-outlet.ts';
import { facebookSettingsSchema } from './facebook-settings.ts';
import { parseWebhookEvent } from './parse-webhook-event.ts';
import { splitWebhook } from './split-webhook.ts';

/** Facebook: Messenger, and comments under a page's posts. */
export const facebookChannel: ChannelAdapter = {
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
  sender: facebookOutlet,
  describePost: (postId, { settings, services, signal }) =>
    describePost({ services, signal, token: facebookSettingsSchema.parse(settings).pageToken }, postId, {
      text: 'message',
      pictures: ['full_picture'],
    }),
  fetchName: (contactId, { settings, services, signal }) =>
    fetchProfileName(
      { services, signal, token: facebookSettingsSchema.parse(settings).pageToken },
      contactId,
      [['first_name', 'last_name']],
    ),
  // The URLs in webhooks need no token and are valid for a few hours.
  locate: async (url) => ({ url }),
};
