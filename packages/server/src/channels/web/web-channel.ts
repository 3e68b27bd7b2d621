import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** The web channel: visitors write through our API and receive replies over their WebSocket connection. */
export const webChannel: ChannelAdapter = {
  kind: 'web',
  source: 'visitor',
  isInNewApps: true,
  guide: {
    title: 'Website',
    summary: 'The chat widget on your website.',
    steps: ['Add the widget’s script tag to your pages. You find it on the app’s page, under Channels.'],
  },
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
