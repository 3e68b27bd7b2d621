import { z } from 'zod';
import type { ChannelAdapter } from '../channel.ts';

/** A channel of the app's own: its back end hands messages in and hears replies as broadcasts. */
export const apiChannel: ChannelAdapter = {
  kind: 'api',
  settingsSchema: z.strictObject({}),
  webhook: null,
  sender: { delivers: 'by-broadcast' },
};
