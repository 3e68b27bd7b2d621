import type { ChannelAdapter } from '../channel.ts';
import { facebookSettingsSchema } from './facebook-settings.ts';
import { parseUpdate, splitWebhook } from './parse-update.ts';
import { confirmWebhook, verifyWebhook } from './verify-webhook.ts';

/** Facebook Messenger and page comments: they come in; sending waits for a sender of its own. */
export const facebookChannel: ChannelAdapter = {
  kind: 'facebook',
  settingsSchema: facebookSettingsSchema,
  webhook: { confirm: confirmWebhook, verify: verifyWebhook, split: splitWebhook, parse: parseUpdate },
  sender: {
    delivers: 'not-yet',
    reason: 'This version receives from Facebook but has no sender for it yet.',
  },
};
