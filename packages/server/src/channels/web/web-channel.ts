import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** The web channel: visitors write through our API and hear replies over their own connection. */
export const webChannel: ChannelAdapter = {
  kind: 'web',
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
