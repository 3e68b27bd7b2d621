import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** The web channel: visitors write through our API and hear replies over their own connection. */
export const webChannel: ChannelAdapter = {
  kind: 'web',
  source: 'visitor',
  guide: {
    title: 'Website',
    summary: 'The chat on your own pages.',
    steps: ['Put the line of the chat into your pages: it is on the app’s page, under Channels.'],
  },
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
