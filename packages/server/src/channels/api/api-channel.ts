import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** A channel of the app's own: its back end hands messages in and hears replies as broadcasts. */
export const apiChannel: ChannelAdapter = {
  kind: 'api',
  source: 'backend',
  guide: {
    title: 'A channel of your own',
    summary: 'Your back end hands messages in, and hears replies as broadcasts.',
    steps: [
      'Have your back end hand in each message with POST {externalMessages}, signed in with the app’s key and secret.',
      'Replies come as message_reply events of the app’s channels.',
    ],
  },
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
