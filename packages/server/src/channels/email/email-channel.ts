import type { ChannelAdapter } from '../channel.ts';
import { emailOutlet } from './email-outlet.ts';
import { emailSettingsSchema } from './email-settings.ts';

/** Email: in over our own SMTP listener or out of a mailbox, out through a server of the app's. */
export const emailChannel: ChannelAdapter = {
  kind: 'email',
  settingsSchema: emailSettingsSchema,
  webhook: null,
  sender: emailOutlet,
};
