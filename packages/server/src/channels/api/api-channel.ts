import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** A custom channel: the app's back end posts messages and receives replies as broadcasts. */
export const apiChannel: ChannelAdapter = {
  kind: 'api',
  source: 'backend',
  guide: {
    title: 'Custom channel',
    summary: 'Your back end posts messages and receives replies as broadcasts.',
    steps: [
      'From your back end, authenticated with the app’s key and secret, POST each message to {externalMessages}',
      'Subscribe to the app’s broadcast channels: replies arrive as message_reply events.',
    ],
  },
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
